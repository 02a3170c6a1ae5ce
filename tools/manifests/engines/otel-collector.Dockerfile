# The published image holds one program and nothing to ask it by; busybox is what the health check runs.
ARG COLLECTOR
ARG BUSYBOX
FROM ${BUSYBOX} AS busybox
FROM ${COLLECTOR}
COPY --from=busybox /bin/busybox /busybox
