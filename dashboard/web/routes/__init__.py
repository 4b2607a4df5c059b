"""The REST paths: photos in, files out, runs and health. Errors are {"error": sentence}."""

from flask import Blueprint

from dashboard.web.routes import (
    bundle,
    changes,
    comparisons,
    description,
    device,
    errors,
    faces,
    metrics,
    photos,
    ready,
    root,
    runs,
    sign_in,
    workspace,
)

blueprint = Blueprint("api", __name__)
errors.connect(blueprint)
SUBJECTS = (
    photos, runs, faces, comparisons, workspace, changes, description, ready, metrics, root, bundle, sign_in, device,
)  # fmt: skip
for subject in SUBJECTS:
    blueprint.register_blueprint(subject.blueprint)
