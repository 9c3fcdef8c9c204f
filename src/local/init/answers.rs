//! A spec of each kind, filled in answer by answer, and held to the rules that the controller goes by.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{InitArgs, InitError, catalogue, questions::Question};
use crate::{
    api::{CleverTapConnectorSpec, CohortExportSpec, Endpoints},
    domain::{
        ConnectorPlan, ExportPlan,
        validate::{self, Problem, Rules},
    },
};

/// What is known so far; the rest is blank, to which the rules object.
#[derive(Clone, Debug)]
pub struct Answers {
    pub connector: CleverTapConnectorSpec,
    /// What all exports have in common.
    pub export: CohortExportSpec,
    pub namespace: Option<String>,
    rules: Rules,
}

impl Answers {
    pub fn new(args: &InitArgs) -> Self {
        let url = |url: &Option<url::Url>| url.as_ref().map(|u| u.origin().ascii_serialization());
        let endpoints = Endpoints {
            mixpanel: url(&args.mixpanel_endpoint),
            clevertap: url(&args.clevertap_endpoint),
        };
        // Whoever names one here permits it.
        let named = [&endpoints.mixpanel, &endpoints.clevertap].into_iter();
        let named = named.flatten().map(String::as_str).collect::<Vec<_>>();
        let rules = Rules {
            allowed_endpoints: named.join(",").parse().unwrap_or_default(),
            ..Rules::default()
        };
        let mut connector: CleverTapConnectorSpec = blank(json!({
            "projectId": "", "datacenter": "eu1", "resultEmail": "",
            "passcodeSecretRef": { "name": "" },
            "mixpanel": { "projectId": 0, "serviceAccountSecretRef": { "name": "" } },
        }));
        connector.endpoints = (!named.is_empty()).then_some(endpoints);
        let export = json!({
            "connectorRef": { "name": "" }, "cohort": { "id": 1 }, "syncType": "Dynamic",
        });
        Self {
            connector,
            export: blank(export),
            namespace: args.namespace.clone(),
            rules,
        }
    }

    /// Puts an answer in its place, if it may stand there.
    pub fn put(&mut self, question: &Question, text: &str) -> Result<(), String> {
        let mut changed = self.clone();
        (question.put)(&mut changed, text)?;
        let problems = changed.plans().err().unwrap_or_default();
        let mut here = problems.into_iter().filter(|p| p.field == question.field);
        here.next().map_or(Ok(()), |problem| Err(problem.must))?;
        *self = changed;
        Ok(())
    }

    /// Takes over what the command line answers.
    pub fn take(&mut self, args: &InitArgs) -> Result<(), InitError> {
        for question in catalogue::all() {
            if let Some(text) = (question.given)(args) {
                self.put(question, text)
                    .map_err(|must| InitError::Usage(format!("{} {must}", question.flag)))?;
            }
        }
        Ok(())
    }

    /// What the controller would make of the specs as they are, or everything it would object to.
    pub fn plans(&self) -> Result<(ConnectorPlan, ExportPlan), Vec<Problem>> {
        let connector = validate::connector(&self.connector, &self.rules);
        let export = validate::export(&self.export, true, &self.rules);
        match (connector, export) {
            (Ok(connector), Ok(export)) => Ok((connector, export)),
            (connector, export) => {
                let problems = connector.err().into_iter().chain(export.err());
                Err(problems.flatten().collect())
            }
        }
    }
}

fn blank<T: DeserializeOwned>(spec: Value) -> T {
    serde_json::from_value(spec).expect("a spec's required fields")
}
