"""Blood samples, questionnaires, biopsies and events of the synthetic trial. All are invented."""
