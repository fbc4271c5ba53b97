import { defineConfig } from "vitest/config";
import { closingLine } from "./test/support/closing-line.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/programs/global-setup.ts",
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    // Some tests load ONNX Runtime by themselves; see src/runtime/telemetry.ts.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    reporters: ["default", closingLine],
  },
});
