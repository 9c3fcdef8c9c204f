# The controller alone: no sandbox, no shell, not root. `--build-arg FEATURES=otlp` adds the export of
# traces.

# An SBOM then names the crates of Cargo.lock too, of which a static binary tells nothing.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

FROM rust:1.95-bookworm AS build
ARG FEATURES=""
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features --features "$FEATURES" --bin mixtap \
      --config .cargo/image.toml \
 && cp target/*/release/mixtap /mixtap && mkdir /state

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="mixtap" \
      org.opencontainers.image.description="Mixpanel cohorts become CleverTap segments, declared in YAML and kept true by a Kubernetes controller" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="gcr.io/distroless/static-debian12:nonroot"
COPY --from=build /mixtap /usr/local/bin/mixtap
# Where state is kept by default: a volume mounted here takes its owner from the pod's fsGroup.
COPY --from=build --chown=65532:65532 /state /var/lib/mixtap
# Numeric, so that `runAsNonRoot` can be checked.
USER 65532:65532
# One heap for all threads: what one run frees serves the next, whichever threads they have.
ENV MALLOC_ARENA_MAX=1
# Probes and metrics.
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/mixtap"]
CMD ["run"]
