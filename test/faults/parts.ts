import { crowds } from "./crowds.ts";
import { damaged, hostile } from "./damaged.ts";
import { disks } from "./disks.ts";
import { flips } from "./flips.ts";
import { kills } from "./kills.ts";
import type { Part } from "./part.ts";
import { privacy } from "./privacy.ts";

/** All ways of disturbing the program. */
export const parts: readonly Part[] = [kills, damaged, hostile, flips, disks, crowds, privacy];
