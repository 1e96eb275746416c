import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // From here on browsers know light-dark(); lowered for older ones it no longer follows the colour scheme that was chosen.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // The manager's policy allows scripts and styles from files of its own origin; data: URLs of scripts it does not.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // React, Mantine and zod in one file: 200 kB compressed once, cached by name for ever.
    chunkSizeWarningLimit: 1000,
  },
});
