//! An operation as a call in the statistics of a session: its tool is the tool, its lane an agent.

use super::{Counts, Operation};
use hookstate::stats::SessionFile;
use std::collections::BTreeMap;

/// The session that all of them count in.
pub(crate) const SESSION: &str = "stress";

/// The agent whose calls are those of a lane.
pub(crate) fn agent(lane: u32) -> String {
    format!("p{lane}")
}

fn lane(agent: &str) -> Option<u32> {
    agent.strip_prefix('p')?.parse().ok()
}

impl From<&SessionFile> for Counts {
    /// What nobody called is left out, so that the total contradicts the rest.
    fn from(file: &SessionFile) -> Self {
        let tools = file.tool_names().into_iter();
        let agents = file.agents().into_iter();
        Self {
            total: file.tool_count(),
            tools: tools
                .filter_map(|(name, count)| Some((name.parse().ok()?, count)))
                .collect(),
            lanes: agents
                .filter_map(|(agent, counts)| Some((lane(&agent)?, counts.tool_count)))
                .collect::<BTreeMap<u32, u64>>(),
        }
    }
}

/// The tool that this operation counts, as it is called.
pub(crate) fn call(operation: Operation, seed: super::Seed) -> String {
    operation.tool(seed).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Counts, Operation, agent, call};
    use crate::workload::{Seed, Tool};
    use hookstate::State;
    use hookstate::stats::SessionFile;

    fn counts(json: &str) -> Counts {
        Counts::from(&SessionFile::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_file_counts_by_tool_and_by_lane() {
        let operation = Operation {
            lane: 3,
            iteration: 7,
        };
        let (tool, agent) = (call(operation, Seed(5)), agent(3));
        let counts = counts(&format!(
            r#"{{"tool_count": 2, "tool_names": {{"{tool}": 2}},
                "hookstate": {{"version": 1, "agents": {{"{agent}": {{"tool_count": 2}}}}}}}}"#
        ));
        assert_eq!((counts.total, counts.of_lane(3)), (2, 2));
        assert_eq!(counts.of_tool(operation.tool(Seed(5))), 2);
        assert_eq!(counts.contradiction(), None);
    }

    #[test]
    fn a_call_of_nobody_is_a_contradiction() {
        let counts = counts(r#"{"tool_count": 2, "tool_names": {"bash": 1, "(other)": 1}}"#);
        assert_eq!(counts.of_tool(Tool::Bash), 1);
        assert!(counts.contradiction().is_some());
    }
}
