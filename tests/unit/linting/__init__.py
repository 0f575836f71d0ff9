"""`aegis lint`. The schema of SARIF here is OASIS's, as @microsoft/jest-sarif 1.0.0-beta.0 (MIT) ships it."""
