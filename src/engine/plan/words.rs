//! What a plan says to people and to the door: the memory limit, the headers to keep, and in one
//! line what a kill can cost.

use super::{Exit, Plan, PlannedPipeline};
use crate::batch::Wants;
use crate::component::MemoryLimit;
use crate::engine::memory;

/// Fills in what follows from the graph.
pub(super) fn complete(plan: &mut Plan) {
    let processors = || plan.pipelines.iter().flat_map(|pipeline| &pipeline.processors);
    let limits = processors().filter_map(|processor| processor.facts.memory);
    let memory = limits.reduce(stricter);
    let headers = processors()
        .flat_map(|processor| &processor.facts.reads_headers)
        .chain(plan.exporters.iter().flat_map(|exporter| &exporter.node.facts.reads_headers))
        .chain(plan.connectors.iter().flat_map(|connector| &connector.node.facts.reads_headers));
    let headers = headers.cloned().collect();
    let guarantee = guarantee(plan);
    (plan.memory, plan.headers, plan.guarantee) = (memory, headers, guarantee);
}

/// The stricter of two limits; percents are weighed against a common machine.
fn stricter(one: MemoryLimit, other: MemoryLimit) -> MemoryLimit {
    const COMMON: usize = 16 << 30;
    memory::stricter(one, other, COMMON)
}

fn guarantee(plan: &Plan) -> String {
    let answered = |pipeline: &&PlannedPipeline| holder(plan, pipeline).is_some();
    let waits =
        plan.receivers.iter().filter(|receiver| receiver.node.facts.answer == Wants::Delivered).count();
    if waits == plan.receivers.len() && waits > 0 {
        return "senders are answered when the backends have the data: a kill loses nothing that was answered".into();
    }
    let holding: Vec<_> = plan.pipelines.iter().filter(answered).collect();
    if holding.is_empty() {
        return "nothing is held after its answer: a kill loses nothing that was answered".into();
    }
    let places: Vec<_> = holding
        .iter()
        .filter_map(|pipeline| Some(format!("{} ({})", pipeline.id, holder(plan, pipeline)?)))
        .collect();
    format!(
        "senders are answered while data is still in memory: a kill loses what waits in {}; `answer: delivered` on the receiver waits for the backends",
        places.join(", ")
    )
}

/// The first node of a pipeline that answers the sender and keeps the data in memory.
fn holder<'a>(plan: &'a Plan, pipeline: &'a PlannedPipeline) -> Option<&'a str> {
    let processor =
        pipeline.processors.iter().find(|processor| processor.facts.holds).map(|processor| &*processor.id);
    processor.or_else(|| {
        pipeline.exits.iter().find_map(|exit| match *exit {
            Exit::Exporter(at) => {
                let node = &plan.exporters[at].node;
                let queue = &node.facts.delivery.as_ref()?.queue;
                (queue.enabled && !queue.wait_for_result).then_some(&*node.id)
            }
            Exit::Connector(_) => None,
        })
    })
}
