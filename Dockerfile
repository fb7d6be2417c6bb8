# The service as its README starts it. `docker build -t tianwang-cs .`; settings by the environment (.env.example).
FROM node:24-bookworm-slim

# A preview's watermark and texts that we set need Chinese letters; pg_dump is for `npm run backup` on PostgreSQL.
RUN apt-get update \
  && apt-get install -y --no-install-recommends fonts-wqy-zenhei postgresql-client \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY . .

# Pictures, and with libSQL the records: give it a volume.
RUN mkdir -p /app/data && chown node:node /app/data
VOLUME /app/data
USER node
ENV NODE_ENV=production
EXPOSE 5678
# A process whose database is away answers 503, and is left alone: it recovers by itself. `/api/health` says so.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.HTTP_API_PORT||5678)+'/api/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# No npm between us and SIGTERM: the service ends by itself within 20 s.
CMD ["node", "--max-semi-space-size=32", "src/server/entry.mjs"]
