import { arch, cpus, platform } from "node:os";
import { plural } from "../../src/support/format.ts";
import { countsOf, faultsOf, type Tried } from "./lanes.ts";
import { type Ending, endings, isFault } from "./part.ts";

const grouped = (tried: Tried): ReadonlyMap<string, Tried["attempts"]> => {
  const groups = new Map<string, Tried["attempts"]>();
  for (const attempt of tried.attempts) {
    const name = attempt.id.includes("/") ? attempt.id.slice(0, attempt.id.lastIndexOf("/")) : attempt.id;
    groups.set(name, [...(groups.get(name) ?? []), attempt]);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

const number = (n: number): string => n.toLocaleString("en-US");

/** Groups of a part by how their attempts ended; columns that are empty throughout are left out. */
const tableOf = (tried: Tried): string => {
  const columns = [...countsOf(tried.attempts).keys()];
  const cells = (attempts: Tried["attempts"]): string[] => {
    const counts = countsOf(attempts);
    return [attempts.length, ...columns.map((ending) => counts.get(ending) ?? 0)].map(number);
  };
  return [
    row(["", "tried", ...columns]),
    row(["---", ...["tried", ...columns].map(() => "---:")]),
    ...[...grouped(tried)].map(([name, attempts]) => row([name, ...cells(attempts)])),
    row(["all", ...cells(tried.attempts)]),
  ].join("\n");
};

/** Names of machines and folders differ from one run to the next. */
const withoutFolders = (line: string): string => line.replaceAll(/\/\S*\/(?:scratch|lane)-[^/\s]+/g, "...");

const listed = (faults: readonly string[]): string =>
  faults.length === 0 ? "" : `\n\n${faults.map((fault) => `- ${withoutFolders(fault)}`).join("\n")}`;

/** The page that results/faults.md holds. */
export const pageOf = (all: readonly Tried[], seed: number, scale: number): string => {
  const attempts = all.flatMap((tried) => tried.attempts);
  const faults = all.flatMap(faultsOf);
  const meanings = (Object.keys(endings) as Ending[])
    .map((ending) => `- **${ending}**${isFault(ending) ? " (a fault)" : ""}: ${endings[ending]}.`)
    .join("\n");
  return `# Faults

${number(attempts.length)} attempts to disturb the program, **${plural(faults.length, "fault")}**. Made by \`npm run faults\`${scale === 1 ? "" : `, scale ${scale}`}, seed ${seed}, on
${cpus()[0]?.model.trim() ?? "an unknown processor"} (${platform()} ${arch()}), Node ${process.version}.

Every attempt follows from the seed and its name, and can be made again alone:

    npm run faults -- --seed ${seed} --repeat damaged:png/12

Attempts end in one of these ways:

${meanings}

${all.map((tried) => `## ${tried.part.title}\n\n${tableOf(tried)}${listed(faultsOf(tried))}`).join("\n\n")}
`;
};
