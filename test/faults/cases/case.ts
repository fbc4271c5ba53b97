import { judge, reasonIn } from "../judge.ts";
import { type Launched, launch } from "../launch.ts";

/** The folder of one case, a copy that may be written to, with the folders of the others beside it. */
export interface Scene {
  readonly folder: string;
  /** The compiled command line. */
  readonly program: string;
  readonly distillery: (...args: readonly string[]) => Promise<Launched>;
  /** With a working folder or an environment of its own. */
  readonly elsewhere: (
    where: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
    ...args: readonly string[]
  ) => Promise<Launched>;
  readonly shell: (script: string, env?: NodeJS.ProcessEnv) => Promise<Launched>;
}

/** Milliseconds that a command of a case may take. */
const limit = 20_000;

export const sceneIn = (folder: string, program: string): Scene => {
  const elsewhere: Scene["elsewhere"] = ({ cwd = folder, env = {} }, ...args) =>
    launch(process.execPath, [program, ...args], { cwd, limit, env: { ...process.env, ...env } }).ended;
  return {
    folder,
    program,
    elsewhere,
    distillery: (...args) => elsewhere({}, ...args),
    shell: (script, env = {}) =>
      launch("bash", ["-c", script], { cwd: folder, limit, env: { ...process.env, DISTILLERY: program, ...env } })
        .ended,
  };
};

/** Good or bad, and in which words the program said it. */
export interface Outcome {
  readonly good: boolean | "left out";
  readonly said: string;
}

/** Tries one thing in the scene of a case. */
export type Case = (scene: Scene) => Promise<Outcome>;

const firstLine = ({ exit, stdout, stderr, late }: Launched): string =>
  late ? "still at it after 20 s" : `${exit} ${reasonIn(exit === 0 ? stderr || stdout : stderr)}`;

/** What a command may do: each of these is good. */
export type Accepted = (answer: Launched) => boolean;

const everywhere = ({ stdout, stderr }: Launched): string => `${stdout}\n${stderr}`;

/** An error of docs/errors.md whose message has all of these; none of what is not so may stand in it. */
export const refused =
  (...patterns: readonly RegExp[]): Accepted =>
  (answer) =>
    judge(answer).ending === "refused" && patterns.every((pattern) => pattern.test(answer.stderr));

/** Done, and output or messages have all of these. */
export const done =
  (...patterns: readonly RegExp[]): Accepted =>
  (answer) =>
    answer.exit === 0 && patterns.every((pattern) => pattern.test(everywhere(answer)));

/** Done, and the JSON that was printed is as it should be. */
export const doneWith =
  <T>(so: (value: T) => boolean): Accepted =>
  (answer) => {
    try {
      return answer.exit === 0 && so(JSON.parse(answer.stdout) as T);
    } catch {
      return false;
    }
  };

/** Any of these, and none of `never` in what was said. */
export const oneOf = (answer: Launched, accepted: readonly Accepted[], never: readonly RegExp[] = []): Outcome => ({
  good:
    !answer.late && accepted.some((each) => each(answer)) && !never.some((pattern) => pattern.test(everywhere(answer))),
  said: firstLine(answer),
});

/** A command with these arguments that ends in one of these ways. */
export const command =
  (args: readonly string[], accepted: readonly Accepted[], never: readonly RegExp[] = []): Case =>
  async ({ distillery }) =>
    oneOf(await distillery(...args), accepted, never);

/** The first of some outcomes that is not good, or the last. */
export const allOf = (...outcomes: readonly Outcome[]): Outcome =>
  outcomes.find(({ good }) => good !== true) ?? outcomes.at(-1)!;

/** An outcome that is good only if this is so as well. */
export const provided = (outcome: Outcome, so: boolean, otherwise: string): Outcome =>
  so ? outcome : { good: false, said: `${outcome.said} - ${otherwise}` };

/** `run` on the tiny recipe of a case and its pictures. */
export const tinyRun = (...more: readonly string[]): string[] => [
  "run",
  "--recipe",
  "tiny.yaml",
  "--data",
  "photos",
  ...(more.includes("--full-epochs") ? [] : ["--full-epochs", "0"]),
  ...more,
];
