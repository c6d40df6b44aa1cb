import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { VitePWA } from 'vite-plugin-pwa'
import { defineConfig } from 'vitest/config'

// Where `npm run dev` finds the server; the built app is served by the server itself.
const SERVER = process.env.DIENHONG_DEV_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [
    react(),
    VitePWA({
      registerType: 'prompt', // a tablet is never reloaded under a finger: it asks
      injectRegister: false, // registered by code: the content security policy forbids inline scripts
      manifest: {
        name: 'Diên Hồng: họp không giấy',
        short_name: 'Diên Hồng',
        description: 'Phòng họp không giấy và hội nghị trực tuyến',
        lang: 'vi',
        start_url: '/',
        display: 'standalone',
        background_color: '#F7F8FA',
        theme_color: '#B3202C',
        icons: [
          { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
          { src: 'icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
      workbox: {
        globPatterns: ['**/*.{js,mjs,css,html,svg,png,woff2}'],
        navigateFallbackDenylist: [/^\/api/, /^\/ws/, /^\/media/, /^\/healthz/, /^\/readyz/, /^\/metrics/],
        maximumFileSizeToCacheInBytes: 4_000_000, // the PDF worker is 1.2 MB
        cleanupOutdatedCaches: true,
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    proxy: {
      '/api': SERVER,
      '/media': SERVER,
      '/ws': { target: SERVER, ws: true },
    },
  },
  build: { sourcemap: false, target: 'es2022' },
  test: {
    environment: 'jsdom',
    setupFiles: './src/shared/test/setup.ts',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 20_000, // a busy machine of two cores
  },
})
