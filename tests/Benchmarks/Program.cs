using MqService.Benchmarks;

return await ConsoleProgram.RunAsync(
    async ct =>
    {
        var options = BenchmarkOptions.Parse(args);
        if (options.PackSpeed)
        {
            await PackSpeed.RunAsync(ct);
            return 0;
        }

        await using var workshop = await Workshop.OpenAsync(options, ct);
        return options.Growth ? await GrowthSuite.RunAsync(workshop, options, ct) : await ComparisonSuite.RunAsync(workshop, options, ct);
    },
    exception => exception is ArgumentException or BenchmarkException or CommandFailedException or TimeoutException or InvalidOperationException);
