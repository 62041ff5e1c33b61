def report(configuration, rows, folder):
    for r in rows:
        print(
            r["architecture"],
            r["seed"],
            r["learning_rate"],
            r["validation_accuracy"],
            r["test_accuracy"],
            r["seconds"],
        )
