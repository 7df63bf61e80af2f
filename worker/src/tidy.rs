//! Keeping Redis small: apalis forgets nothing by itself.

use crate::line::Line;
use crate::wake::Wake;
use apalis_core::backend::Vacuum;
use apalis_redis::RedisStorage;
use service::bell::Urgency;

/// Forgets the tasks that are done and the lists of their ids.
pub(crate) async fn tidy(line: &Line) -> anyhow::Result<()> {
    for urgency in Urgency::ALL {
        let mut connection = line.connection();
        let config = line.config(urgency);
        RedisStorage::<Wake>::new(connection.clone())
            .with_config(config.clone())
            .vacuum()
            .await?;
        redis::pipe()
            .del(config.done_jobs_set())
            .del(config.dead_jobs_set())
            .exec_async(&mut connection)
            .await?;
    }
    Ok(())
}
