"""What every part stands on: HTTP, storage, workflows, messages, policy, time. It knows nothing of clouds."""
