import { damaged, hostile } from "./damaged.ts";
import { flips } from "./flips.ts";
import { testTenth } from "./tenth.ts";

testTenth([damaged, hostile, flips]);
