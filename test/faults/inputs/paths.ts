import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { encodeSafetensors } from "../../../src/sets/index.ts";
import { commandLine } from "../ground.ts";
import { layPhotos } from "./images.ts";
import { type Input, mustBeRefused, type Place } from "./input.ts";
import { cifarFiles } from "./published.ts";
import { type TarEntry, tarOf } from "./tar.ts";
import { withTeachers } from "./teachers.ts";

type Lay = (place: Place) => Promise<readonly string[]>;

const archive =
  (change: (entries: readonly TarEntry[]) => readonly TarEntry[]): Lay =>
  async ({ folder }) => {
    const file = join(folder, "cifar-10-binary.tar.gz");
    await writeFile(file, gzipSync(tarOf(change(cifarFiles()))));
    return ["data", "cifar10", "--archive", file];
  };

/** All files under another name, or of another type. */
const renamed = (before: string): Lay =>
  archive((entries) => entries.map((entry) => ({ ...entry, name: before + entry.name.replace(/.*\//, "") })));
const typed = (type: string, link = "/etc/passwd"): Lay =>
  archive((entries) => entries.map(({ name }) => ({ name, type, link })));

const setWith =
  (change: (set: string) => Promise<void>): Lay =>
  async ({ folder, ground }) => {
    const set = join(folder, "set");
    await cp(join(ground.run, "4-set"), set, { recursive: true });
    await change(set);
    return ["verify", set];
  };

/** A part of the manifest under another path, its file put there if it can be. */
const partAt = (path: string): Lay =>
  setWith(async (set) => {
    const file = join(set, "manifest.json");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace('"bases/0.png"', JSON.stringify(path)));
    if (!path.includes("\0")) await cp(join(set, "bases/0.png"), join(set, path)).catch(() => undefined);
  });

const inPlaceOf = (path: string, put: (path: string) => Promise<void> | void): Lay =>
  setWith(async (set) => {
    await rm(join(set, path), { recursive: true });
    await put(join(set, path));
  });

const pipe = (path: string): void => void execFileSync("mkfifo", [path]);
const device = (path: string): Promise<void> => symlink("/dev/zero", path);

const photosWith =
  (put: (file: string) => Promise<void> | void): Lay =>
  async ({ folder }) => {
    const file = await layPhotos(join(folder, "photos"), "1.png", Buffer.alloc(0));
    await rm(file);
    await put(file);
    return ["data", join(folder, "photos")];
  };

const recipeFrom =
  (put: (file: string) => Promise<void> | void): Lay =>
  async ({ folder, out }) => {
    const file = join(folder, "recipe.yaml");
    await put(file);
    return ["run", "--recipe", file, "--out", out];
  };

const teacherFrom =
  (prefix: string, put: (file: string) => Promise<void> | void): Lay =>
  async ({ folder }) => {
    const file = join(folder, "teacher.safetensors");
    await put(file);
    return withTeachers(folder, `${prefix}${file}`);
  };

const tensorNamed = (name: string): Lay =>
  teacherFrom("convnet8x1=", (file) =>
    writeFile(file, encodeSafetensors({ [name]: { dtype: "F32", shape: [1], data: new Float32Array(1) } })),
  );

/** A finished run in which a file or folder is something else. */
const runWith =
  (change: (out: string, folder: string) => Promise<void>): Lay =>
  async ({ folder, out, ground }) => {
    await cp(ground.run, out, { recursive: true });
    await change(out, folder);
    return commandLine("run", out);
  };

const runLinked = (path: string): Lay =>
  runWith(async (out, folder) => {
    const elsewhere = join(folder, "elsewhere");
    await rename(join(out, path), elsewhere);
    await symlink(elsewhere, join(out, path));
  });

const options =
  (...args: readonly string[]): Lay =>
  async () =>
    args;
const nul = "a\0b";

/** None of these may be accepted. */
const refused: Readonly<Record<string, Lay>> = {
  "archive-up": renamed("../../"),
  "archive-absolute": renamed("/tmp/"),
  "archive-links": typed("2"),
  "archive-hard-links": typed("1", "../../x"),
  "archive-pipes": typed("6"),
  "archive-folders": typed("5"),
  "part-up": partAt("../0.png"),
  "part-up-within": partAt("bases/../../0.png"),
  "part-absolute": partAt("/etc/passwd"),
  "part-dotted": partAt("./bases/0.png"),
  "part-doubled": partAt("bases//0.png"),
  "part-nul": partAt("bases/0.png\0"),
  "part-constructor": partAt("constructor"),
  "part-proto": partAt("__proto__"),
  "part-pipe": inPlaceOf("labels.safetensors", pipe),
  "part-device": inPlaceOf("labels.safetensors", device),
  "base-pipe": inPlaceOf("bases/0.png", pipe),
  "part-folder": inPlaceOf("labels.safetensors", (path) => mkdir(path)),
  "part-link-away": inPlaceOf("labels.safetensors", (path) => symlink("/etc/passwd", path)),
  "manifest-pipe": inPlaceOf("manifest.json", pipe),
  "manifest-device": inPlaceOf("manifest.json", device),
  "image-pipe": photosWith(pipe),
  "image-device": photosWith(device),
  "image-link-away": photosWith((file) => symlink("/etc/passwd", file)),
  "image-link-to-nothing": photosWith((file) => symlink("nothing", file)),
  "recipe-pipe": recipeFrom(pipe),
  "recipe-device": recipeFrom(device),
  "recipe-link-away": recipeFrom((file) => symlink("/etc/passwd", file)),
  "teacher-pipe": teacherFrom("", pipe),
  "teacher-device": teacherFrom("", device),
  "weights-pipe": teacherFrom("convnet8x1=", pipe),
  "weights-device": teacherFrom("convnet8x1=", device),
  "tensor-up": tensorNamed("../../evil"),
  "tensor-proto": tensorNamed("__proto__"),
  "archive-option-pipe": async ({ folder }) => {
    pipe(join(folder, "pipe"));
    return ["data", "cifar10", "--archive", join(folder, "pipe")];
  },
  "nul-in-data": options("data", nul),
  "nul-in-archive": options("data", "cifar10", "--archive", nul),
  "nul-in-set": options("verify", nul),
  "nul-in-inspect": options("inspect", nul),
  "nul-in-recipe": options("run", "--recipe", nul),
  "nul-in-recipe-name": options("recipes", nul),
  "nul-in-out": options("run", "--recipe", "run.yaml", "--out", nul),
  "nul-in-teachers": options("run", "--recipe", "run.yaml", "--teachers", `${nul}.safetensors`, "--out", "never"),
  "nul-in-weights": options("run", "--recipe", "run.yaml", "--teachers", `convnet8x1=${nul}`, "--out", "never"),
  "nul-in-evaluated-set": options("evaluate", nul, "--recipe", "run.yaml", "--out", "never"),
  "nul-in-recipe-data": recipeFrom((file) => writeFile(file, 'data: "a\\0b"\n')),
};

/** These may be followed, refused or ignored, as long as nothing outside --out changes. */
const harmless: Readonly<Record<string, Lay>> = {
  // A folder within a class is searched for images, as torchvision does.
  "image-folder": photosWith((file) => mkdir(file)),
  "run-pipe": runWith(async (out) => {
    await rm(join(out, "curves.json"));
    pipe(join(out, "curves.json"));
  }),
  "run-student-pipe": runWith(async (out) => {
    await rm(join(out, "5-students/infer-static-convnet8x1-0.json"));
    pipe(join(out, "5-students/infer-static-convnet8x1-0.json"));
  }),
  "run-teacher-pipe": runWith(async (out) => {
    await rm(join(out, "2-teachers/0-convnet8x1.safetensors"));
    pipe(join(out, "2-teachers/0-convnet8x1.safetensors"));
  }),
  "run-recipe-pipe": runWith(async (out) => {
    await rm(join(out, "recipe.yaml"));
    pipe(join(out, "recipe.yaml"));
  }),
  "run-report-linked": runLinked("report.html"),
  "run-seconds-linked": runLinked("seconds.json"),
  "run-recipe-linked": runLinked("recipe.yaml"),
  "run-set-linked": runLinked("4-set"),
};

/** Paths and links that lead out of an archive, a set or a run, and things that are no files. */
export const paths: Input = {
  name: "path",
  attempts: [...Object.keys(refused), ...Object.keys(harmless)],
  lay: async (place, name) =>
    Object.hasOwn(refused, name)
      ? { args: await refused[name]!(place), how: name, accepted: mustBeRefused }
      : { args: await harmless[name]!(place), how: name },
};
