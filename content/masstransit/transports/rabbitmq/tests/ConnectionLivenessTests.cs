using Acme._1.Messaging.RabbitMq;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using Shouldly;

namespace Acme._1.Tests;

public sealed class ConnectionLivenessTests(ServiceFixture service)
{
    private static readonly Dictionary<string, EndpointHealthResult> Endpoints = [];

    private static readonly BusHealthResult Well = BusHealthResult.Healthy("ready", Endpoints);

    private static readonly BusHealthResult OnDeadConnection = BusHealthResult.Degraded(
        "not ready",
        new RabbitMqConnectionException("faulted", new AlreadyClosedException(new ShutdownEventArgs(ShutdownInitiator.Library, 541, "reset"))),
        Endpoints);

    private static readonly BusHealthResult WithoutBroker = BusHealthResult.Degraded(
        "not ready", new RabbitMqConnectionException("faulted", new BrokerUnreachableException(new IOException("refused"))), Endpoints);

    private readonly SteppedClock _clock = new();
    private BusHealthResult _bus = Well;

    [Fact]
    public async Task Only_a_restart_helps_when_the_dead_connection_is_used_again_and_again()
    {
        var check = new ConnectionLivenessCheck(() => _bus, _clock);
        (await StatusAsync(check, OnDeadConnection)).ShouldBe(HealthStatus.Healthy, "it was lost this moment");

        _clock.Now += ConnectionLivenessCheck.Patience;
        (await StatusAsync(check, OnDeadConnection)).ShouldBe(HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task Each_loss_has_its_own_time()
    {
        var check = new ConnectionLivenessCheck(() => _bus, _clock);
        await StatusAsync(check, OnDeadConnection);
        await StatusAsync(check, Well);

        _clock.Now += ConnectionLivenessCheck.Patience;
        (await StatusAsync(check, OnDeadConnection)).ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_restart_does_not_bring_a_broker_back()
    {
        var check = new ConnectionLivenessCheck(() => _bus, _clock);
        await StatusAsync(check, WithoutBroker);

        _clock.Now += ConnectionLivenessCheck.Patience;
        (await StatusAsync(check, WithoutBroker)).ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public void All_probes_ask_the_same_check()
    {
        var services = service.Hosts.ConsumerServices;
        var probe = services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Single(check => check.Tags.Contains("live"));

        probe.Factory(services).ShouldBeOfType<ConnectionLivenessCheck>().ShouldBeSameAs(probe.Factory(services));
    }

    private async Task<HealthStatus> StatusAsync(ConnectionLivenessCheck check, BusHealthResult bus)
    {
        _bus = bus;
        return (await check.CheckHealthAsync(new(), TestContext.Current.CancellationToken)).Status;
    }

    private sealed class SteppedClock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
