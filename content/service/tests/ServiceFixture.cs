using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Acme._1.Messaging;

[assembly: Xunit.AssemblyFixture(typeof(Acme._1.Tests.ServiceFixture))]
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]

namespace Acme._1.Tests;

/// <summary>
/// The service as it is deployed, on a real broker and store: started once, used by every test through its HTTP surface.
/// </summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    public const int MaxAttempts = 5;

    /// <summary>Of the second attempt; doubled for each further one.</summary>
    public static readonly TimeSpan BaseDelay = TimeSpan.FromMilliseconds(100);

    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _spans = [];
    private BrokerServer? _broker;
    private StoreServer? _store;
    private ServiceHosts? _hosts;
    private IWire? _wire;

    public ServiceFixture()
    {
        _listener = new ActivityListener
        {
            // What the service exports: the clients underneath have sources of their own.
            ShouldListenTo = source => source.Name is MessagingTelemetry.Name or "Microsoft.AspNetCore",
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public ServiceHosts Hosts => _hosts!;

    public HttpClient Producer => Hosts.Producer;

    public HttpClient Consumer => Hosts.Consumer;

    public IWire Wire => _wire!;

    /// <summary>The spans that have ended so far.</summary>
    public IEnumerable<Activity> Spans => _spans;

    public async ValueTask InitializeAsync()
    {
        _broker = await BrokerServer.StartAsync();
        _store = await StoreServer.StartAsync();
        _hosts = new(new Dictionary<string, string?>
        {
            ["ConnectionStrings:broker"] = _broker.ConnectionString,
            ["ConnectionStrings:postgres"] = _store.ConnectionString,
            ["Messaging:Retry:MaxAttempts"] = $"{MaxAttempts}",
            ["Messaging:Retry:BaseDelay"] = $"{BaseDelay}",

            // Generous, for machines that are busy with more than these tests.
            ["Messaging:PublishTimeout"] = "00:01:00",
        });

        await WaitUntilReadyAsync();
        _wire = await Tests.Wire.CreateAsync(_broker, _hosts.ConsumerServices);
    }

    public async Task WaitUntilReadyAsync()
    {
        foreach (var side in new[] { Producer, Consumer })
        {
            await Eventually.TrueAsync(
                async () => (await side.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK,
                async () => $"not ready: {await side.GetStringAsyncAlways("/health/ready")}",
                TimeSpan.FromSeconds(60));
        }
    }

    /// <summary>Returns when whatever was sent is processed or a dead letter: nothing is left in between.</summary>
    public Task WaitUntilIdleAsync() => Eventually.TrueAsync(
        async () => (await Consumer.GetFromJsonAsync<QueueInfo[]>("/ops/queues"))!.All(queue => queue is { Depth: 0, InFlight: 0, Retrying: 0 }),
        async () => $"messages are left: {await Consumer.GetStringAsync("/ops/queues")}");

    public async ValueTask DisposeAsync()
    {
        if (_wire is not null)
        {
            await WaitUntilIdleAsync();
            await _wire.DisposeAsync();
        }

        foreach (var started in new IAsyncDisposable?[] { _hosts, _store, _broker })
        {
            if (started is not null)
            {
                await started.DisposeAsync();
            }
        }

        _listener.Dispose();
    }
}
