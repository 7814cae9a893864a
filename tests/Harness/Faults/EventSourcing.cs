using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults;

/// <summary>What event sourcing promises beyond the other patterns, seen from several processes.</summary>
internal static class EventSourcing
{
    private const int Rounds = 100;
    private const int Accounts = 60;
    private const int DepositsEach = 20;

    /// <summary>Small steps, so that there is a middle to be killed in.</summary>
    private static readonly Dictionary<string, string?> SlowRebuild = new()
    {
        ["Projections__BatchSize"] = "10",
        ["Projections__PauseBetweenBatches"] = "00:00:00.050",
    };

    /// <summary>Two producers write to one account with the same expected version, again and again.</summary>
    public static async Task<Figures> CompetingWritersAsync(FaultRun run)
    {
        var writers = new[] { run.StartProducer(), run.StartProducer() };
        var consumer = run.StartConsumer();
        foreach (var process in writers.Append(consumer))
        {
            await run.UntilReadyAsync(process);
        }

        const string account = "contended";
        var wins = new int[writers.Length];
        for (var version = 0; version < Rounds; version++)
        {
            var statuses = await Task.WhenAll(writers.Select(writer => DepositAsync(writer, account, ifMatch: version)));
            run.History.Add("round", detail: new { version, statuses });
            if (!statuses.Order().SequenceEqual([HttpStatusCode.OK, HttpStatusCode.Conflict]))
            {
                throw new FaultException($"At version {version} the writers got {string.Join(" and ", statuses)}. The history is in {run.History.Path}");
            }

            wins[Array.IndexOf(statuses, HttpStatusCode.OK)]++;
        }

        run.History.Add("wins", detail: wins);
        foreach (var writer in writers)
        {
            var state = await GetAsync(writer, $"accounts/{account}");
            if ((long?)state?["version"] != Rounds || (decimal?)state?["balance"] != Rounds)
            {
                throw new FaultException($"After {Rounds} rounds the account is {state}");
            }
        }

        await run.UntilAsync(
            async () => (long?)(await GetAsync(consumer, $"balances/{account}"))?["version"] == Rounds, $"the balance did not get to version {Rounds}");
        return new(Rounds * writers.Length, Rounds, Rounds, DeadLettered: 0, Lost: 0, Doubled: 0, TimeSpan.Zero);
    }

    /// <summary>The consumer dies in the middle of a rebuild, while events come in. The next one goes on where it was.</summary>
    public static async Task<Figures> KillRebuildAsync(FaultRun run)
    {
        var producer = run.StartProducer();
        var consumer = run.StartConsumer(SlowRebuild);
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);

        var versions = Enumerable.Range(0, Accounts).ToDictionary(number => $"account{number}", _ => DepositsEach);
        for (var round = 0; round < DepositsEach; round++)
        {
            await DepositToAllAsync();
        }

        await UntilBalancesAsync(consumer);

        using (var response = await consumer.Http.PostAsync("ops/projections/balances/rebuild", content: null))
        {
            response.EnsureSuccessStatusCode();
        }

        JsonNode? rebuild = null;
        await run.UntilAsync(
            async () => (long?)(rebuild = (await ProjectionAsync(consumer))["rebuild"])?["events"] >= Accounts * DepositsEach / 4, "the rebuild does not go on");
        run.History.Add("SIGKILL the consumer in mid rebuild", detail: rebuild);
        await consumer.KillAsync();
        var generation = (long)rebuild!["generation"]!;
        var reached = (long)rebuild["events"]!;

        // What happens while nobody builds must be in both generations in the end.
        await DepositToAllAsync();
        foreach (var account in versions.Keys)
        {
            versions[account]++;
        }

        consumer = run.StartConsumer(SlowRebuild);
        var since = run.History.Now;
        await run.UntilReadyAsync(consumer);
        var resumed = await ProjectionAsync(consumer);
        run.History.Add("started again", detail: resumed);
        if ((long?)resumed["rebuild"]?["generation"] != generation || (long?)resumed["rebuild"]?["events"] < reached)
        {
            throw new FaultException($"The rebuild was killed at {reached} events of generation {generation}, and then it was {resumed}. The history is in {run.History.Path}");
        }

        await run.UntilAsync(async () => (long)(await ProjectionAsync(consumer))["generation"]! == generation, "the rebuild has not ended");
        await UntilBalancesAsync(consumer);
        var recovery = run.History.Now - since;
        var afterResuming = await BalancesAsync(consumer);

        // From scratch, at full speed.
        await consumer.KillAsync();
        consumer = run.StartConsumer();
        await run.UntilReadyAsync(consumer);
        using (var response = await consumer.Http.PostAsync("ops/projections/balances/rebuild", content: null))
        {
            response.EnsureSuccessStatusCode();
        }

        await run.UntilAsync(async () => (long)(await ProjectionAsync(consumer))["generation"]! == generation + 1, "the second rebuild has not ended");
        var fromScratch = await BalancesAsync(consumer);
        var truth = (await Task.WhenAll(versions.Keys.Select(async account => await GetAsync(producer, $"accounts/{account}")))).Select(Describe).ToList();
        var different = afterResuming.Zip(fromScratch, truth).Where(row => row.First != row.Second || row.Second != row.Third).ToList();
        run.History.Add("compared", detail: different);
        var events = Accounts * (DepositsEach + 1);
        return different.Count == 0
            ? new(events, events, events, DeadLettered: 0, Lost: 0, Doubled: 0, recovery)
            : throw new FaultException($"{different.Count} balances differ, such as {different[0]}. The history is in {run.History.Path}");

        async Task DepositToAllAsync() => await Parallel.ForEachAsync(versions.Keys, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (account, _) =>
        {
            if (await DepositAsync(producer, account) is var status && status != HttpStatusCode.OK)
            {
                throw new FaultException($"A deposit to {account} was answered with {status}.");
            }
        });

        Task UntilBalancesAsync(ServiceProcess process) => run.UntilAsync(
            async () => (await BalancesAsync(process)).SequenceEqual(versions.Select(account => Describe(account.Value, account.Value))),
            "the balances are not what was deposited");

        async Task<List<string>> BalancesAsync(ServiceProcess process) =>
            [.. (await Task.WhenAll(versions.Keys.Select(async account => await GetAsync(process, $"balances/{account}")))).Select(Describe)];
    }

    private static string Describe(JsonNode? state) => state is null ? "nothing" : Describe((decimal)state["balance"]!, (long)state["version"]!);

    private static string Describe(decimal balance, long version) => string.Create(CultureInfo.InvariantCulture, $"{balance:0.00} at version {version}");

    private static async Task<HttpStatusCode> DepositAsync(ServiceProcess producer, string account, long? ifMatch = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"accounts/{account}/deposits") { Content = JsonContent.Create(new { amount = 1 }) };
        if (ifMatch is not null)
        {
            request.Headers.Add("If-Match", $"\"{ifMatch}\"");
        }

        using var response = await producer.Http.SendAsync(request);
        return response.StatusCode;
    }

    private static async Task<JsonNode> ProjectionAsync(ServiceProcess consumer) => (await GetAsync(consumer, "ops/projections"))![0]!;

    private static async Task<JsonNode?> GetAsync(ServiceProcess process, string path)
    {
        using var response = await process.Http.GetAsync(path);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonNode>();
    }
}
