using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults;

/// <param name="Sent">Requests sent to the producer, repetitions not counted.</param>
/// <param name="Confirmed">Those that it promised to keep, or answered.</param>
/// <param name="Processed">Confirmed ones that took effect everywhere they should, once.</param>
/// <param name="DeadLettered">Confirmed ones that are dead letters.</param>
/// <param name="Lost">Confirmed ones that are neither.</param>
/// <param name="Doubled">Messages that took effect more than once somewhere, or in ways that do not go together.</param>
/// <param name="Recovery">From the end of the fault until nothing was left to do.</param>
public sealed record Figures(int Sent, int Confirmed, int Processed, int DeadLettered, int Lost, int Doubled, TimeSpan Recovery)
{
    /// <summary>What else a fault has to say.</summary>
    public string? Note { get; init; }

    public override string ToString() =>
        $"sent {Sent}, confirmed {Confirmed}, processed {Processed}, dead-lettered {DeadLettered}, lost {Lost}, doubled {Doubled}, recovered in {Recovery.TotalSeconds:0.0} s{(Note is null ? "" : $"; {Note}")}";
}

/// <summary>What a fault brought to light.</summary>
public sealed class FaultException(string message) : Exception(message);

/// <summary>
/// A generated service with its processes and its broker, under load, and the one oracle for all faults:
/// confirmed ⊆ processed ∪ dead-lettered, each effect once, nothing left in the queues.
/// </summary>
public sealed class FaultRun(
    GeneratedService service,
    IServer? broker,
    IServer? store,
    NetworkProxy? network,
    ServerSecurity? security,
    IReadOnlyDictionary<string, string?> environment,
    History history) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>One message in so many is sent twice, with the same id.</summary>
    private const int Repeated = 10;

    private readonly Workload workload = Workload.Of(service.Combination);
    private readonly ConcurrentDictionary<string, bool> sent = new();
    private readonly ConcurrentDictionary<string, bool> confirmed = new();
    private readonly List<ServiceProcess> processes = [];

    public GeneratedService Service => service;

    /// <summary>What its processes are told of their servers.</summary>
    public IReadOnlyDictionary<string, string?> Environment => environment;

    /// <summary>What its processes have written so far.</summary>
    public IEnumerable<(string Text, string Where)> Outputs => processes.Select(process => (process.Output, $"the output of the {process.Side}"));

    public History History => history;

    public IServer Broker => broker ?? throw new FaultException($"The broker of {service.Combination} is not ours to kill.");

    public IServer Store => store ?? throw new FaultException($"The database of {service.Combination} is not ours to kill.");

    /// <summary>What of the broker belongs to this service.</summary>
    public required string Part { get; init; }

    /// <summary>The queue, topic or stream that what is sent goes to first.</summary>
    public string Destination => $"{service.Name.ToLowerInvariant()}.{workload.Destination}";

    public string Library => service.Combination["library"];

    public NetworkProxy Network => network ?? throw new FaultException("This service talks to its broker without a proxy.");

    /// <summary>Where the broker's data are, when that is a disk of their own.</summary>
    public ServerDisk? Disk { get; init; }

    public ServerSecurity Security => security ?? throw new FaultException("This broker lets in everybody.");

    public ServiceProcess StartProducer(IEnumerable<KeyValuePair<string, string?>>? settings = null) => Start(IsOneHost ? "App" : "Producer", settings);

    /// <summary>With the memory broker, the process that is both.</summary>
    public ServiceProcess StartConsumer(IEnumerable<KeyValuePair<string, string?>>? settings = null) =>
        IsOneHost ? processes[^1] : Start("Consumer", settings);

    /// <summary>Where PostgreSQL keeps the events, they are kept without the broker, and sent when it is back.</summary>
    public bool ConfirmsWithoutBroker => (service.Combination["pattern"], service.Combination["broker"]) == ("event-sourcing", "rabbitmq");

    /// <summary>Only MassTransit's may ask to be restarted, after 60 or 90 seconds; then they have as long as any other.</summary>
    private TimeSpan PatienceWithRestart => service.Combination["library"] == "masstransit" ? TimeSpan.FromSeconds(90) + Patience : Patience;

    public bool IsOneHost => service.Combination["broker"] == "memory";

    public async Task UntilReadyAsync(ServiceProcess process, bool ready = true) => await UntilAsync(
        async () =>
        {
            await RestartOnRequestAsync(process);
            return await process.StatusAsync("health/ready") == (ready ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable);
        },
        $"the {process.Side} did not become {(ready ? "ready" : "unready")}",
        ready ? PatienceWithRestart : Patience);

    /// <summary>What an orchestrator does meanwhile: a process that says it is not alive is started again.</summary>
    private async Task RestartOnRequestAsync(ServiceProcess process)
    {
        if (await process.StatusAsync("health/live") == HttpStatusCode.ServiceUnavailable)
        {
            history.Add($"the {process.Side} asked to be restarted");
            await process.RestartAsync();
            await UntilAsync(async () => await process.StatusAsync("health/live") is not null, $"the {process.Side} did not start again");
        }
    }

    /// <summary>
    /// Sends until it is told to stop, so many at a time. Returns how often it was not confirmed. Not as fast as it can: what one
    /// consumer on a slow machine cannot follow would only make it long until the queues are empty.
    /// </summary>
    public async Task<int> LoadAsync(ServiceProcess producer, int concurrency, CancellationToken stop)
    {
        var refused = 0;
        var number = 0;
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var id = Guid.NewGuid().ToString();
                var order = Interlocked.Increment(ref number);
                if (!await SendAsync(producer, workload.SkuOf(order), id))
                {
                    Interlocked.Increment(ref refused);
                }

                if (order % Repeated == 0)
                {
                    // A client that did not get the answer: whether this is confirmed too makes no difference.
                    await SendAsync(producer, workload.SkuOf(order), id);
                }

                await Task.Delay(workload.Pace);
            }
        }));
        return refused;
    }

    /// <returns>Whether it was confirmed.</returns>
    public async Task<bool> SendAsync(ServiceProcess producer, string sku, string? messageId = null)
    {
        var id = messageId ?? Guid.NewGuid().ToString();
        sent[id] = true;
        using var request = workload.Send(id, sku);
        HttpStatusCode? status = null;
        try
        {
            using var response = await producer.Http.SendAsync(request);
            status = response.StatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            // The process is gone, or does not answer: nothing was promised.
        }

        history.Add(status == workload.Confirmed ? "confirmed" : "refused", id, new { sku, status });
        return status == workload.Confirmed && confirmed.TryAdd(id, true);
    }

    /// <summary>Waits until nothing is left to do, and says what became of everything that was confirmed.</summary>
    /// <param name="since">When the fault was over.</param>
    /// <exception cref="FaultException">Something was lost or doubled, or is stuck.</exception>
    public async Task<Figures> CheckAsync(ServiceProcess consumer, TimeSpan since)
    {
        await UntilIdleAsync(consumer);
        var recovery = history.Now - since;

        // A figure may be a moment old, and a saga may wait for a deadline: what has arrived nowhere is looked for again.
        Dictionary<string, string> outcomes = [];
        await UntilAsync(
            async () => (outcomes = await OutcomesAsync(consumer)).Values.All(outcome => outcome != "lost"),
            () => $"lost: {string.Join(", ", outcomes.Where(o => o.Value == "lost").Select(o => o.Key).Take(10))}",
            TimeSpan.FromSeconds(60),
            throws: false);

        int Count(string outcome) => outcomes.Values.Count(value => value == outcome);
        var figures = new Figures(
            sent.Count, outcomes.Count, Count("processed"), Count("dead"), Count("lost"), Count("doubled") + Count("inconsistent"), recovery);
        foreach (var (id, outcome) in outcomes.Where(o => o.Value is "lost" or "doubled" or "inconsistent"))
        {
            history.Add(outcome, id);
        }

        history.Add("figures", detail: figures);
        return figures.Lost + figures.Doubled == 0
            ? figures
            : throw new FaultException($"{figures}. The history is in {history.Path}");
    }

    /// <summary>However long that takes on this machine, as long as there are ever fewer messages left.</summary>
    public async Task UntilIdleAsync(ServiceProcess consumer)
    {
        var fewest = long.MaxValue;
        for (var left = await LeftAsync(consumer); left != 0;)
        {
            var before = fewest;
            await UntilAsync(
                async () =>
                {
                    await RestartOnRequestAsync(consumer);
                    return (left = await LeftAsync(consumer)) < before;
                },
                () => $"{left} messages are left in the queues, and were {before} before",
                PatienceWithRestart,
                throws: true);
            fewest = left!.Value;
        }
    }

    /// <summary>Whether it has taken effect everywhere it should.</summary>
    public async Task<bool> IsProcessedAsync(ServiceProcess consumer, string id) =>
        (await AnswersAsync(consumer, id)).All(answer => answer is not null && Workload.EffectsIn(answer) > 0);

    public async Task UntilProcessedAsync(ServiceProcess consumer, string id, string otherwise) => await UntilAsync(
        async () =>
        {
            await RestartOnRequestAsync(consumer);
            return await IsProcessedAsync(consumer, id);
        },
        otherwise,
        PatienceWithRestart);

    public async Task UntilAsync(Func<Task<bool>> condition, string otherwise, TimeSpan? patience = null) =>
        await UntilAsync(condition, () => otherwise, patience);

    public async Task UntilAsync(Func<Task<bool>> condition, Func<string> otherwise, TimeSpan? patience = null) =>
        await UntilAsync(condition, otherwise, patience ?? Patience, throws: true);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes)
        {
            await process.DisposeAsync();
            await File.WriteAllTextAsync($"{history.Path}.{processes.IndexOf(process)}.{process.Side}.log", process.Output);
        }
    }

    private ServiceProcess Start(string side, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var process = ServiceProcess.Start(service, side, [.. environment, .. settings ?? []]);
        processes.Add(process);
        history.Add($"started {side}");
        return process;
    }

    private async Task UntilAsync(Func<Task<bool>> condition, Func<string> otherwise, TimeSpan patience, bool throws)
    {
        var deadline = history.Now + patience;
        while (!await condition())
        {
            if (history.Now > deadline)
            {
                if (throws)
                {
                    throw new FaultException($"After {patience.TotalSeconds:0} s: {otherwise()}. The history is in {history.Path}");
                }

                return;
            }

            // A service is seen over HTTP only: asking again is all there is.
            await Task.Delay(50);
        }
    }

    private async Task<Dictionary<string, string>> OutcomesAsync(ServiceProcess consumer)
    {
        var outcomes = new ConcurrentDictionary<string, string>();
        await Parallel.ForEachAsync(confirmed.Keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (id, _) =>
        {
            var answers = await AnswersAsync(consumer, id);
            var effects = answers.Select(answer => answer is null ? 0 : Workload.EffectsIn(answer)).ToList();
            outcomes[id] = effects.Any(count => count > 1) ? "doubled"
                : effects.All(count => count == 1) ? workload.IsConsistent(answers!) ? "processed" : "inconsistent"
                : await consumer.HasDeadLetterAsync(id) ? "dead"
                : "lost";
        });
        return outcomes.ToDictionary();
    }

    private Task<JsonNode?[]> AnswersAsync(ServiceProcess consumer, string id) =>
        Task.WhenAll(workload.Effects.Select(path => FindAsync(consumer, path(id))));

    private static async Task<JsonNode?> FindAsync(ServiceProcess consumer, string path)
    {
        using var response = await consumer.Http.GetAsync(path);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable)
        {
            // Not there, or not to be seen while its store is away: whoever needs to know asks again.
            return null;
        }

        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonNode>();
    }

    /// <summary>How many messages are not settled yet; null while the consumer does not say.</summary>
    private static async Task<long?> LeftAsync(ServiceProcess consumer)
    {
        try
        {
            using var response = await consumer.Http.GetAsync("ops/queues");
            return response.IsSuccessStatusCode
                ? (await response.Content.ReadFromJsonAsync<JsonArray>())!.Sum(queue => (long)queue!["depth"]! + (long)queue["inFlight"]! + (long)queue["retrying"]!)
                : null;
        }
        catch (TaskCanceledException)
        {
            // No answer in half a minute, on a machine that does more than this. Whoever waits has a limit of its own.
            return null;
        }
    }
}
