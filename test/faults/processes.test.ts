import { crowds } from "./crowds.ts";
import { disks } from "./disks.ts";
import { kills } from "./kills.ts";
import { privacy } from "./privacy.ts";
import { testTenth } from "./tenth.ts";

testTenth([privacy, crowds, disks, kills]);
