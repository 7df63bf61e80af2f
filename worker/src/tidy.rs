//! Keeping Redis small: apalis forgets nothing by itself.

use crate::line::Line;
use apalis_core::backend::Vacuum;
use apalis_redis::RedisStorage;
use serde_json::Value;

/// Forgets the tasks that are done and the lists of their ids.
pub(crate) async fn tidy(line: &Line) -> anyhow::Result<()> {
    let mut connection = line.connection();
    RedisStorage::<Value>::new(connection.clone())
        .with_config(line.config().clone())
        .vacuum()
        .await?;
    redis::pipe()
        .del(line.config().done_jobs_set())
        .del(line.config().dead_jobs_set())
        .exec_async(&mut connection)
        .await?;
    Ok(())
}
