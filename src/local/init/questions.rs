//! What a question is, and who answers it.

use super::{Answers, InitArgs, InitError, account, ask::Terminal, catalogue};
use crate::api::SyncType;

/// One thing to know.
pub struct Question {
    /// The flag that answers it.
    pub flag: &'static str,
    /// The field that it fills.
    pub field: &'static str,
    pub words: &'static str,
    pub given: fn(&InitArgs) -> Option<&str>,
    pub put: fn(&mut Answers, &str) -> Result<(), String>,
    /// What stands without an answer; `None` where there must be one.
    pub default: fn(&Answers) -> Option<String>,
}

impl Question {
    /// A one-time export has no interval.
    fn arises(&self, answers: &Answers) -> bool {
        self.flag != "--interval" || answers.export.sync_type == SyncType::Dynamic
    }
}

/// Everything that must be said where nobody can be asked, and isn't.
pub fn open(args: &InitArgs, answers: &Answers) -> Vec<&'static str> {
    let must =
        catalogue::all().filter(|q| (q.given)(args).is_none() && (q.default)(answers).is_none());
    let chosen = args.all || !args.cohorts.is_empty();
    let cohorts = (!chosen).then_some("--cohort or --all");
    must.map(|question| question.flag)
        .chain(account::missing())
        .chain(cohorts)
        .collect()
}

impl Answers {
    /// Answers what the command line leaves open: on the terminal, or by what stands otherwise.
    pub async fn complete(
        &mut self,
        args: &InitArgs,
        questions: &[Question],
        terminal: &mut Option<Terminal>,
    ) -> Result<(), InitError> {
        for question in questions {
            if (question.given)(args).is_some() || !question.arises(self) {
                continue;
            }
            let default = (question.default)(self);
            match (terminal.as_mut(), default) {
                (Some(terminal), default) => {
                    let read = |text: &str| {
                        let mut answered = self.clone();
                        answered.put(question, text).map(|()| answered)
                    };
                    *self = terminal
                        .ask(question.words, default.as_deref(), read)
                        .await?;
                }
                (None, Some(default)) => self.put(question, &default).map_err(InitError::Failed)?,
                (None, None) => return Err(InitError::missing(&[question.flag])),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_held_to_the_controllers_rules() {
        let args = InitArgs::default();
        let mut answers = Answers::new(&args);
        for (flag, text, must) in [
            ("--mixpanel-project", "one", "must be a number"),
            ("--mixpanel-project", "0", "must be from 1 to"),
            ("--region", "UK", "must be one of US, EU, IN"),
            ("--workspace", "-1", "must be from 1 to"),
            ("--clevertap-project", "a b", "must be 1 to 64 letters"),
            ("--result-email", "nobody", "must be an e-mail address"),
            ("--interval", "1s", "must be at least 1m"),
            ("--interval", "often", "must be a duration"),
            ("--name", "A_b", "must be the name of a Kubernetes object"),
        ] {
            let question = catalogue::all()
                .find(|question| question.flag == flag)
                .unwrap();
            let told = answers.put(question, text).unwrap_err();
            assert!(told.starts_with(must), "{flag}: {told}");
        }
        assert_eq!(open(&args, &answers)[0], "--mixpanel-project");
    }
}
