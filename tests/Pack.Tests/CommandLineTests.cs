namespace MqService.Pack.Tests;

/// <summary>What a user meets who does not type what the template expects.</summary>
public sealed class CommandLineTests(PackFixture pack)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Choice_that_does_not_exist_fails_and_lists_those_that_do()
    {
        var output = Path.Combine(pack.Folder, "bad-choice");
        var result = await pack.Hive.NewAsync(["mq-service", "--broker", "pigeon", "-o", output], pack.Folder, ct: Ct);

        Assert.Equal(127, result.ExitCode);
        Assert.All(Template.MqService.Choices("broker"), choice => Assert.Contains(choice, result.Output, StringComparison.Ordinal));
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public void MassTransit_is_refused_where_it_has_no_transport_here() =>
        Assert.Equal(
            ["nats masstransit", "redis masstransit"],
            Template.MqService.Invalid.Where(c => c["pattern"] == "work-queue" && c["store"] != "broker").Select(c => $"{c["broker"]} {c["library"]}").Distinct());

    [Fact]
    public void MassTransit_on_Kafka_carries_work_and_news_only() =>
        Assert.Equal(
            ["masstransit request-reply", "masstransit saga", "masstransit event-sourcing"],
            Template.MqService.Invalid.Where(c => c["broker"] == "kafka" && c["store"] != "broker").Select(c => $"{c["library"]} {c["pattern"]}").Distinct());

    [Fact]
    public void Store_in_the_broker_is_refused_where_the_broker_is_no_store() =>
        Assert.Equal(
            ["memory broker", "rabbitmq broker", "kafka broker"],
            Template.MqService.Invalid.Where(c => c["library"] == "native" && c["store"] == "broker").Select(c => $"{c["broker"]} {c["store"]}").Distinct());

    [Fact]
    public void Events_are_refused_where_nothing_would_keep_them() =>
        Assert.Equal(
            ["rabbitmq event-sourcing memory"],
            Template.MqService.Invalid
                .Where(c => c["library"] == "native" && c["store"] != "broker")
                .Select(c => $"{c["broker"]} {c["pattern"]} {c["store"]}").Distinct());

    [Theory, MemberData(nameof(Matrix.Invalid), MemberType = typeof(Matrix))]
    public async Task Combination_that_is_not_offered_fails_names_the_fix_and_generates_nothing(string name)
    {
        var output = Path.Combine(pack.Folder, $"invalid-{name}");
        var result = await pack.Hive.NewAsync(["mq-service", "-n", "Shop", "-o", output, .. Matrix.Of(name).Arguments], pack.Folder, ct: Ct);

        // The engine's code for a post-action that failed.
        Assert.Equal(105, result.ExitCode);
        Assert.Contains("Nothing was generated", result.Output, StringComparison.Ordinal);
        Assert.Contains(FixOf(Matrix.Of(name)), result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Your service is ready", result.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any(), $"{output} is not empty.");
    }

    private static string FixOf(Combination combination) => (combination["broker"], combination["pattern"], combination["store"]) switch
    {
        ("memory" or "rabbitmq" or "kafka", _, "broker") or ("rabbitmq", "event-sourcing", "memory") => "--store postgres",
        _ => "--library native",
    };

    [Fact]
    public async Task Folder_that_is_taken_is_left_as_it_is()
    {
        var output = Directory.CreateDirectory(Path.Combine(pack.Folder, "taken")).FullName;
        var mine = Path.Combine(output, "README.md");
        await File.WriteAllTextAsync(mine, "mine", Ct);

        var result = await pack.Hive.NewAsync(["mq-service", "-n", "Shop", "-o", output], pack.Folder, ct: Ct);

        Assert.Equal(73, result.ExitCode);
        Assert.Contains("--force", result.Output, StringComparison.Ordinal);
        Assert.Equal([mine], Directory.EnumerateFileSystemEntries(output));
        Assert.Equal("mine", await File.ReadAllTextAsync(mine, Ct));
    }

    [Fact]
    public async Task Name_comes_from_the_folder_when_none_is_given()
    {
        var output = Path.Combine(pack.Folder, "Warehouse");
        (await pack.Hive.NewAsync(["mq-service", "-o", output, "--no-restore"], pack.Folder, ct: Ct)).EnsureSuccess();

        Assert.True(File.Exists(Path.Combine(output, "Warehouse.slnx")));
    }

    [Theory]
    [InlineData("memory", "src/Shop.App")]
    [InlineData("rabbitmq", "docker compose up -d --wait")]
    public async Task Next_command_is_printed_after_the_packages_are_restored(string broker, string next)
    {
        var output = Path.Combine(pack.Folder, $"next-{broker}");
        // Testcontainers is not on every feed; it is not needed where a broker is named in the environment.
        var result = await pack.Hive.NewAsync(
            ["mq-service", "-n", "Shop", "-o", output, "-b", broker, "-s", "memory"], pack.Folder, GeneratedService.BuildEnvironment, Ct);

        result.EnsureSuccess();
        Assert.Contains("Restore succeeded.", result.Output, StringComparison.Ordinal);
        Assert.Contains(next, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Acme", result.Output, StringComparison.Ordinal);
    }
}
