# The one binary, `tillpost`, on a small Debian. `docker build -t tillpost .`
FROM rust:1.95-slim-bookworm AS builder
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin tillpost && \
    cp target/release/tillpost /usr/local/bin/tillpost

FROM debian:bookworm-slim
# Certificate authorities, to know Intuit by.
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin tillpost
COPY --from=builder /usr/local/bin/tillpost /usr/local/bin/tillpost
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["tillpost"]
