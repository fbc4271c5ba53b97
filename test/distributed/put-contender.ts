import { existsSync } from "node:fs";
import { openStore } from "../../src/distributed/artefacts/open-store.ts";

// Puts files of its own mark into a store as soon as there is a file "go" in its folder; says which of them were taken.
const [where = "", mark = "0", files = "0", bytes = "0"] = process.argv.slice(2);
const store = await openStore(where);
process.stderr.write("ready\n");
while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 1));
const own = new Uint8Array(Number(bytes)).fill(Number(mark));
const puts = Array.from({ length: Number(files) }, (_, i) => store.putIfAbsent(`contended/${i}`, own));
process.stdout.write(JSON.stringify(await Promise.all(puts)));
