import { execFileSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { filesIn } from "../pipeline/tiny.ts";
import { commandLine, type Ground } from "./ground.ts";
import { judge } from "./judge.ts";
import { launch } from "./launch.ts";
import type { Ended, Part } from "./part.ts";

export const hasStrace = (): boolean => {
  try {
    execFileSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Calls that reach another machine; sockets between threads of one machine are AF_UNIX. */
const reaches = /\b(?:connect|sendto|sendmsg|sendmmsg|bind|socket)\(.*(?:AF_INET6?|AF_NETLINK|sin_port|nscd|resolve)/;

/** Paths that calls of a trace may write to. */
const written = (line: string): string | undefined => {
  if (/= -1 /.test(line)) return undefined;
  const opened = /\b(?:openat|open)\([^"]*"([^"]*)", [^)]*O_(?:WRONLY|RDWR|CREAT)/.exec(line)?.[1];
  const made = /\b(?:creat|mkdir|mkdirat|mknod|mknodat|truncate)\((?:AT_FDCWD, )?"([^"]*)"/.exec(line)?.[1];
  const moved = /\b(?:rename|renameat2?|link|linkat|symlink|symlinkat)\(.*"([^"]*)"/.exec(line)?.[1];
  return opened ?? made ?? moved;
};

/** Devices and the kernel's own files hold nothing of what is written. */
const isOfSystem = (path: string): boolean => /^\/(dev|proc|sys)\//.test(path);

/** Without what makes a library of ours hold its tongue, and with a home that shows every footprint. */
const environment = (home: string, temporary: string): NodeJS.ProcessEnv => {
  const hushed = new Set(["CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK"]);
  const kept = Object.entries(process.env).filter(([name]) => !hushed.has(name) && !/^(npm|VITEST|XDG)_?/i.test(name));
  return { ...Object.fromEntries(kept), HOME: home, XDG_CACHE_HOME: join(home, ".cache"), TMPDIR: temporary };
};

const calls =
  "network,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,truncate";

/** Looks at every call of a command: no other machine is reached, nothing is written outside --out. */
const attempt = async (ground: Ground, command: "run" | "compare"): Promise<Ended> => {
  const folder = await ground.scratch();
  const [home, temporary, out, trace] = ["home", "tmp", "out", "trace"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  await mkdir(home);
  await mkdir(temporary);
  const traced = ["-f", "-qq", "-s", "300", "-e", `trace=${calls}`, "-o", trace];
  const node = [process.execPath, ground.programs.main, ...commandLine(command, out)];
  const ended = await launch("strace", [...traced, ...node], { cwd: ground.folder, env: environment(home, temporary) })
    .ended;
  if (ended.exit !== 0) return { ...judge(ended), ending: "crash" };
  const lines = (await readFile(trace, "utf8")).split("\n");
  const connections = lines.filter((line) => reaches.test(line));
  if (connections[0] !== undefined)
    return { ending: "outside", what: `${connections.length} calls: ${connections[0]}` };
  const left = [...(await filesIn(home)), ...(await filesIn(temporary))];
  if (left[0] !== undefined) return { ending: "outside", what: `left in the home and temporary folders: ${left[0]}` };
  const elsewhere = lines.map(written).find((path) => path !== undefined && !path.startsWith(out) && !isOfSystem(path));
  if (elsewhere !== undefined) return { ending: "outside", what: `it writes ${elsewhere}` };
  return { ending: "done", what: `${lines.length} calls` };
};

export const privacy: Part = {
  name: "privacy",
  title: "Every system call of a command looked at, nothing set that silences a library",
  ids: async (scale) => (scale < 1 ? ["run"] : ["run", "compare"]),
  open: async (ground) => {
    const traced = hasStrace();
    return {
      attempt: async (id) =>
        traced
          ? attempt(ground, id as "run" | "compare")
          : { ending: "left out", what: "strace is not installed, or may not trace here" },
      close: async () => undefined,
    };
  },
};
