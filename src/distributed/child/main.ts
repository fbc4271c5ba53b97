// The program of a child process.
import { commands } from "../../pipeline/pipeline.ts";
import { serve } from "./serve.ts";

serve(commands);
