using Acme._1.Messaging.Kafka;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Acme._1.Tests;

public sealed class RiderLivenessTests(ServiceFixture service)
{
    private static readonly TimeSpan TooLong = RiderLivenessCheck.Patience + TimeSpan.FromSeconds(1);

    private readonly SteppedClock _clock = new();
    private string? _problem;

    [Fact]
    public async Task Only_a_restart_helps_when_nobody_reads_any_more()
    {
        var check = CreateCheck();
        check.NoteRead("orders");
        _clock.Now += RiderLivenessCheck.Patience;
        (await StatusAsync(check)).ShouldBe(HealthStatus.Healthy);

        _clock.Now += TimeSpan.FromSeconds(1);
        (await StatusAsync(check)).ShouldBe(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task Each_topic_has_its_readers()
    {
        var check = CreateCheck();
        check.NoteRead("orders");
        check.NoteRead("emails");
        _clock.Now += TooLong;
        check.NoteRead("emails");

        (await StatusAsync(check)).ShouldBe(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task A_restart_does_not_bring_a_broker_back()
    {
        var check = CreateCheck();
        check.NoteRead("orders");
        _clock.Now += TooLong;
        _problem = "refused";
        (await StatusAsync(check)).ShouldBe(HealthStatus.Healthy);

        _problem = null;
        (await StatusAsync(check)).ShouldBe(HealthStatus.Healthy, "it came back this moment");
    }

    [Fact]
    public async Task Nobody_reads_while_a_slow_message_is_handled()
    {
        var check = CreateCheck();
        check.NoteRead("orders");
        var end = new TaskCompletionSource();
        var handling = check.Send(null!, Pipe.ExecuteAsync<ReceiveContext>(_ => end.Task));
        _clock.Now += TooLong;
        (await StatusAsync(check)).ShouldBe(HealthStatus.Healthy);

        end.SetResult();
        await handling;
        _clock.Now += TooLong;
        (await StatusAsync(check)).ShouldBe(HealthStatus.Unhealthy);
    }

    [Fact]
    public void All_probes_ask_the_same_check()
    {
        var services = service.Hosts.ConsumerServices;
        var probe = services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Single(check => check.Tags.Contains("live"));

        probe.Factory(services).ShouldBeOfType<RiderLivenessCheck>().ShouldBeSameAs(probe.Factory(services));
    }

    private RiderLivenessCheck CreateCheck() => new(() => _problem, _clock);

    private static async Task<HealthStatus> StatusAsync(RiderLivenessCheck check) =>
        (await check.CheckHealthAsync(new(), TestContext.Current.CancellationToken)).Status;

    private sealed class SteppedClock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
