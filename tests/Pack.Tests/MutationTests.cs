using MqService.Harness.Faults;

namespace MqService.Pack.Tests;

/// <summary>
/// Proves the oracle: what the faults must find is built into a copy of a service, and the faults must find it. A suite that stays
/// green here would prove nothing elsewhere.
/// </summary>
public sealed class MutationTests(PackFixture pack)
{
    private static readonly Combination Combination = Template.MqService.Resolved.Single(c => c.ToString() == "rabbitmq-work-queue-native-postgres");

    [Fact]
    public Task Messages_acknowledged_before_they_are_handled_are_found_to_be_lost() => ShouldBeFoundAsync(
        "ack-order",
        "kill",
        "lost [1-9]",
        ("src/Mutant.Messaging/RabbitMq/RabbitMqReceiver.cs", "autoAck: false", "autoAck: true"),
        ("src/Mutant.Messaging/RabbitMq/RabbitMqAcknowledgements.cs", "await channel.BasicAckAsync(upTo, multiple: true)", "await Task.FromResult(channel)"),
        ("src/Mutant.Messaging/RabbitMq/RabbitMqAcknowledgements.cs", "await channel.BasicAckAsync(deliveryTag, multiple: false)", "await Task.FromResult(channel)"));

    [Fact]
    public Task Messages_that_the_inbox_does_not_recognise_are_found_to_be_doubled() => ShouldBeFoundAsync(
        "inbox",
        "broker",
        "doubled [1-9]",
        ("src/Mutant.Consumer/Stores/PostgresTransaction.cs", "return await command.ExecuteNonQueryAsync(cancellationToken) == 1;", "return await command.ExecuteNonQueryAsync(cancellationToken) >= 0;"));

    private async Task ShouldBeFoundAsync(string mutation, string fault, string finding, params (string File, string Code, string Broken)[] changes)
    {
        Assert.SkipWhen(Servers.IsExternal(Combination), "the broker is not ours to kill");
        Assert.SkipWhen(Servers.Missing(Combination) is not null, $"{Servers.Missing(Combination)}");

        var service = await pack.GenerateAsync(Combination, "Mutant", $"mutation-{mutation}");
        foreach (var (file, code, broken) in changes)
        {
            var path = Path.Combine(service.Folder, file);
            var text = await File.ReadAllTextAsync(path);
            Assert.Contains(code, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(path, text.Replace(code, broken, StringComparison.Ordinal));
        }

        (await service.RestoreAsync(GeneratedService.BuildEnvironment)).EnsureSuccess();
        (await service.BuildAsync(GeneratedService.BuildEnvironment)).EnsureSuccess();

        var found = await Assert.ThrowsAsync<FaultException>(() =>
            FaultSuite.RunAsync(service, Scenario.All.Single(s => s.Name == fault), TestContext.Current.CancellationToken));
        Assert.Matches(finding, found.Message);
    }
}
