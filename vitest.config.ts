// Unit, property, golden and architecture tests: everything that needs no browser and no built site.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    include: ['tests/{unit,properties,golden,recordings,architecture}/**/*.test.{ts,tsx}'],
    environment: 'node',
    // What hangs is told; what is slow on a slow machine passes.
    testTimeout: 90_000,
    passWithNoTests: true,
  },
});
