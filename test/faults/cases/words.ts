import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { allOf, type Case, command, done, oneOf, refused, tinyRun } from "./case.ts";

const out = ["--out", "out"] as const;

/** Both of these are refused with the same knowledge, so that neither sends its reader to the other. */
const oneImage: Case = async ({ distillery }) => {
  const good = [refused(/\b(2|two)\b/, /--method random|more images/)];
  return allOf(
    oneOf(await distillery(...tinyRun(...out, "--ipc", "3")), good),
    oneOf(await distillery(...tinyRun(...out, "--ipc", "1")), good),
  );
};

const strayArgument: Case = async ({ distillery }) =>
  allOf(
    oneOf(await distillery(...tinyRun("--skip-unreadable", "false")), [
      refused(/code USAGE/, /\bfalse\b/, /--skip-unreadable/),
    ]),
    oneOf(await distillery(...tinyRun("--label-bytes", "1", "KB")), [refused(/code USAGE/, /\bKB\b/, /--label-bytes/)]),
  );

const pointer: Case = async ({ distillery }) =>
  allOf(
    oneOf(await distillery(...tinyRun(...out, "--teachers", "convnet8x1=lfs.safetensors")), [
      refused(/lfs\.safetensors/, /Git.LFS/i, /git lfs pull/),
    ]),
    oneOf(await distillery(...tinyRun(...out, "--teachers", "convnet8x1=html.safetensors")), [
      refused(/html\.safetensors/, /HTML|web page/i),
    ]),
  );

/** Counts connections to a proxy while a data set is asked for. */
const proxy: Case = async ({ folder, elsewhere }) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const through = async (name: string) => {
    connections = 0;
    const env = { [name]: `http://127.0.0.1:${port}`, XDG_CACHE_HOME: join(folder, `cache-${name}`), NO_PROXY: "" };
    const answer = await elsewhere({ env }, "data", "cifar10", "--download");
    const outcome = oneOf(answer, [() => connections > 0, refused(/proxy/i)]);
    return { ...outcome, said: `${connections} connections to ${name}; ${outcome.said}` };
  };
  try {
    return allOf(await through("HTTPS_PROXY"), await through("https_proxy"));
  } finally {
    server.close();
  }
};

/** A report names a student once, or the second naming is refused. */
const namedTwice: Case = async ({ folder, distillery }) => {
  const answer = await distillery(...tinyRun(...out, "--students", "convnet8x1,convnet8x1"));
  const refusal = refused(/convnet8x1/, /twice|more than once|already|duplicate|repeat/i);
  if (answer.exit !== 0) return oneOf(answer, [refusal]);
  const { rows } = JSON.parse(await readFile(join(folder, "out/report.json"), "utf8")) as { rows: readonly object[] };
  const different = new Set(rows.map((row) => JSON.stringify(row))).size;
  return { good: different === rows.length, said: `0 ${rows.length} rows, ${different} different` };
};

/** Errors and messages that mislead, by the name of the case. */
export const words: Readonly<Record<string, Case>> = {
  "lfs-pointer-as-weights": pointer,
  "one-image-a-class": oneImage,
  "one-pixel-images": command(tinyRun(...out), [refused(/too small|1x1/, /--resize/)], [/depth of 1 to 0/]),
  "perfect-teacher-called-guessing": command(
    tinyRun(...out, "--teachers", "convnet8x1=plain.safetensors"),
    [done(/100\.0 %/)],
    [/no better than guessing/, /dog, \.\.\./],
  ),
  "proxy-ignored": proxy,
  "pth-as-teacher": command(
    tinyRun(...out, "--teachers", "resnet18.pth"),
    [refused(/resnet18\.pth/, /safetensors/, /=resnet18\.|architecture/)],
    [/unknown architecture/],
  ),
  "stray-argument": strayArgument,
  "student-named-twice": namedTwice,
  // A recipe that is read goes on to its students.
  "utf16-recipe": command(
    ["run", "--recipe", "recipe.yaml", "--students", "no-such-network", ...out],
    [refused(/UTF-16/, /UTF-8/), refused(/no-such-network/)],
  ),
};
