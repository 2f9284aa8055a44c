//! Where a component was built, as a CI service says it: SLSA provenance, version 1.

use serde_json::json;

use super::statement::{Statement, Subject};

/// The type of the statement.
pub const PROVENANCE_PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// The type of build that the variables of GitHub Actions describe.
const BUILD_TYPE: &str = "https://actions.github.io/buildtypes/workflow/v1";

/// The provenance that the variables of GitHub Actions tell, if this runs there. It is signed by the
/// publisher's key, so it is the publisher's word, not the service's.
pub fn provenance_of(
    subject: Subject,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Statement> {
    variable("GITHUB_ACTIONS").filter(|is| is == "true")?;
    let server = variable("GITHUB_SERVER_URL")?;
    let repository = format!("{server}/{}", variable("GITHUB_REPOSITORY")?);
    let (reference, commit) = (variable("GITHUB_REF")?, variable("GITHUB_SHA")?);
    let workflow = variable("GITHUB_WORKFLOW_REF")?;
    let path = workflow.split_once(".github/").map(|(_, path)| path.to_owned())?;
    let path = path.split('@').next().unwrap_or_default();
    let (run, attempt) = (variable("GITHUB_RUN_ID")?, variable("GITHUB_RUN_ATTEMPT")?);
    let runner = variable("RUNNER_ENVIRONMENT").unwrap_or_else(|| "self-hosted".to_owned());
    let predicate = json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "workflow": {
                    "ref": reference,
                    "repository": repository,
                    "path": format!(".github/{path}"),
                },
            },
            "internalParameters": { "github": { "event_name": variable("GITHUB_EVENT_NAME") } },
            "resolvedDependencies": [{
                "uri": format!("git+{repository}@{reference}"),
                "digest": { "gitCommit": commit },
            }],
        },
        "runDetails": {
            "builder": { "id": format!("{server}/actions/runner/{runner}") },
            "metadata": {
                "invocationId": format!("{repository}/actions/runs/{run}/attempts/{attempt}"),
            },
        },
    });
    Some(Statement::new(subject, PROVENANCE_PREDICATE, predicate))
}
