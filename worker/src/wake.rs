//! What a task on the line says: a tenant's id, or something nobody can read.

use apalis_core::backend::codec::Codec;
use entity::id::TenantId;
use std::convert::Infallible;

/// A tenant that is to have a turn; none where the task says something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wake(pub(crate) Option<TenantId>);

/// Reads any bytes. A task that could not be decoded would end the worker that took it, and the next one after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnyBytes;

impl Codec<Wake> for AnyBytes {
    type Error = Infallible;
    type Compact = Vec<u8>;

    fn encode(&self, wake: &Wake) -> Result<Vec<u8>, Infallible> {
        let name = wake.0.map(|tenant| tenant.to_string());
        Ok(name.unwrap_or_default().into_bytes())
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<Wake, Infallible> {
        let name = std::str::from_utf8(bytes).ok();
        Ok(Wake(name.and_then(|name| name.parse().ok())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_tells_its_tenant_and_nonsense_tells_none() {
        let wake = Wake(Some(TenantId::new()));
        let Ok(bytes) = AnyBytes.encode(&wake);
        assert_eq!(AnyBytes.decode(&bytes), Ok(wake));
        for nonsense in [&b"ten_"[..], b"", b"{\"tenant\":1}", b"\xff\x00\xfe"] {
            assert_eq!(
                AnyBytes.decode(&nonsense.to_vec()),
                Ok(Wake(None)),
                "{nonsense:?}"
            );
        }
    }
}
