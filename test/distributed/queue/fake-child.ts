import { serve } from "../../../src/distributed/child/serve.ts";
import { fakeCommands } from "./fake-command.ts";

serve(fakeCommands);
