# One file for all services: docker build --build-arg SERVICE=auth --target service .
# tools/images/assemble.mjs puts the files of the image together, here and in tools/images/build.mjs, which needs no daemon.
FROM node:24-slim AS build
WORKDIR /src
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
COPY libs/placement/package.json libs/placement/
COPY libs/search/package.json libs/search/
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
COPY services/objects/package.json services/objects/
COPY services/realtime/package.json services/realtime/
COPY services/registry/package.json services/registry/
COPY services/training/package.json services/training/
COPY apps/invariants/package.json apps/invariants/
COPY apps/standalone/package.json apps/standalone/
RUN npm ci
COPY tools/build.mjs tools/
COPY tools/supply-chain tools/supply-chain
COPY sdk/python/requirements.lock sdk/python/
COPY tools/images/assemble.mjs tools/images/packages.mjs tools/images/
COPY contracts contracts
COPY libs libs
COPY services services
RUN node tools/build.mjs && node tools/supply-chain/print.mjs
ARG SERVICE
RUN node tools/images/assemble.mjs ${SERVICE} /image

FROM node:24-slim AS service
ARG SERVICE
ENV NODE_ENV=production SERVICE=${SERVICE}
WORKDIR /app
COPY --from=build /image/onnxruntime/app ./
COPY --from=build /image/duckdb/app ./
COPY --from=build /image/common/app ./
COPY --from=build /image/packages/app ./
COPY --from=build /image/shared/app ./
COPY --from=build /image/service/app ./
COPY --from=build /src/build/sbom.cdx.json ./
USER 1000:1000
EXPOSE 8080
LABEL org.opencontainers.image.licenses="Apache-2.0" org.myriad.third-party="/app/THIRD-PARTY.json"
CMD ["sh", "-c", "exec node --enable-source-maps services/$SERVICE/dist/main.js"]

# Training runs recipes: the same image with a Python environment beside it.
FROM service AS training
USER root
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY sdk/python /opt/sdk
RUN python3 -m venv /opt/python && /opt/python/bin/pip install --no-cache-dir --require-hashes -r /opt/sdk/requirements.lock && /opt/python/bin/pip install --no-cache-dir --no-deps /opt/sdk
USER 1000:1000
