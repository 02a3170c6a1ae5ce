# One file for all services: docker build --build-arg SERVICE=auth --target service .
FROM node:24-slim AS build
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc .swcrc ./
COPY contracts/package.json contracts/
COPY libs/config/package.json libs/config/
COPY libs/grants/package.json libs/grants/
COPY libs/http/package.json libs/http/
COPY libs/inference/package.json libs/inference/
COPY libs/kernel/package.json libs/kernel/
COPY libs/messaging/package.json libs/messaging/
COPY libs/persistence/package.json libs/persistence/
COPY libs/service/package.json libs/service/
COPY libs/storage/package.json libs/storage/
COPY libs/tabular/package.json libs/tabular/
COPY libs/telemetry/package.json libs/telemetry/
COPY libs/testing/package.json libs/testing/
COPY services/auth/package.json services/auth/
COPY services/batch/package.json services/batch/
COPY services/deployer/package.json services/deployer/
COPY services/evaluator/package.json services/evaluator/
COPY services/gateway/package.json services/gateway/
COPY services/realtime/package.json services/realtime/
COPY services/registry/package.json services/registry/
COPY services/training/package.json services/training/
COPY apps/standalone/package.json apps/standalone/
RUN npm ci
COPY tools/build.mjs tools/
COPY tools/supply-chain tools/supply-chain
COPY sdk/python/requirements.lock sdk/python/
COPY contracts contracts
COPY libs libs
COPY services services
RUN node tools/build.mjs && node tools/supply-chain/print.mjs && npm prune --omit=dev

FROM node:24-slim AS service
ARG SERVICE
ENV NODE_ENV=production SERVICE=${SERVICE}
WORKDIR /app
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/package.json /app/build/sbom.cdx.json ./
COPY --from=build --chown=root:root /app/contracts contracts
COPY --from=build --chown=root:root /app/libs libs
COPY --from=build --chown=root:root /app/services/${SERVICE} services/${SERVICE}
USER 1000:1000
EXPOSE 8080
CMD ["sh", "-c", "exec node --enable-source-maps services/$SERVICE/dist/main.js"]

# Training runs recipes: the same image with a Python environment beside it.
FROM service AS training
USER root
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY sdk/python /opt/sdk
RUN python3 -m venv /opt/python && /opt/python/bin/pip install --no-cache-dir --require-hashes -r /opt/sdk/requirements.lock && /opt/python/bin/pip install --no-cache-dir --no-deps /opt/sdk
USER 1000:1000
