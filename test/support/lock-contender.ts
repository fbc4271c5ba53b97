import { existsSync } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "../../src/support/lock.ts";

// Takes a folder again and again as soon as there is a file "go", each time with a file that only the holder may have, and
// leaves every other lock as a killed process would. Ends with 1 where it met another holder.
const [folder = "", rounds = "0"] = process.argv.slice(2);
const lock = join(folder, ".distillery.lock");
process.stderr.write("ready\n");
while (!existsSync(join(folder, "go"))) await new Promise((resolve) => setTimeout(resolve, 1));

let won = 0;
const end = Date.now() + 20_000;
for (let tried = 0; won < Number(rounds) && Date.now() < end; tried++) {
  const taken = await lockFolder(folder);
  if (!("release" in taken)) continue;
  won++;
  // Fails where it is there.
  await (await open(join(folder, "mine"), "wx")).close();
  await rm(join(folder, "mine"));
  if (won % 2 === 0) await taken.release();
  else {
    const token = `dead-${process.pid}-${tried}`;
    const holder = JSON.parse(await readFile(lock, "utf8")) as object;
    await writeFile(lock, JSON.stringify({ ...holder, pid: 999_999_999, token }));
  }
}
process.stdout.write(`${won} won\n`);
