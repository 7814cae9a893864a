using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MqService.Harness;

namespace MqService.Dev;

/// <summary>The pack at work, from packing to a replayed dead letter, with nothing but the .NET SDK.</summary>
public sealed class Demo : IDisposable
{
    private const int Orders = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Stopwatch total = Stopwatch.StartNew();
    private readonly string folder = Repository.NewScratchFolder("demo");
    private readonly HttpClient http;
    private readonly string url = $"http://127.0.0.1:{Ports.Free(1)[0]}";

    private Demo() => http = new HttpClient { BaseAddress = new Uri(url), Timeout = Patience };

    public static async Task<int> RunAsync(CancellationToken ct)
    {
        using var demo = new Demo();
        await demo.ShowAsync(ct);
        return 0;
    }

    private async Task ShowAsync(CancellationToken ct)
    {
        var service = Path.Combine(folder, "Shop");
        Title("From the repository to a running service");
        await StepAsync("dotnet pack", Command.Dotnet("pack", Path.Combine(Repository.Root, "Templates.csproj"), "--output", folder), ct);
        var hive = Path.Combine(folder, "hive");
        await StepAsync(
            "dotnet new install MqService.Templates (into a hive of its own)",
            Command.Dotnet("new", "install", Directory.EnumerateFiles(folder, "*.nupkg").Single(), "--debug:custom-hive", hive), ct);
        await StepAsync(
            "dotnet new mq-service -n Shop", Command.Dotnet("new", "mq-service", "-n", "Shop", "-o", service, "--debug:custom-hive", hive), ct);
        await StepAsync("dotnet build", Command.Dotnet("build", service, "--no-restore", "-warnaserror"), ct);

        var step = Stopwatch.StartNew();
        await using var app = await ServerProcess.StartAsync(
            Command.Dotnet("run", "--project", "src/Shop.App", "--no-build", "--", "--urls", url) with { Folder = service, Timeout = Patience },
            async (_, t) => await TryGetAsync("health/ready", t) is not null,
            ct);
        Done($"dotnet run --project src/Shop.App: ready, at {url}", step);

        Title($"{Orders} orders");
        step.Restart();
        var ids = Enumerable.Range(1, Orders).Select(i => $"order-{i}").ToList();
        await Task.WhenAll(ids.Select(id => PlaceAsync(id, "book", ct)));
        Done($"POST /orders, {Orders} times: each answered 202 once the broker had confirmed it", step);
        step.Restart();
        foreach (var id in ids)
        {
            await UntilAsync($"orders/{id}", _ => true, ct);
        }

        Done($"all {Orders} processed, for instance {(await GetAsync("orders/order-1", ct)).ToJsonString()}", step);

        Title("One that fails");
        step.Restart();
        var messageId = await PlaceAsync("order-x", "transient-5", ct);
        var letters = await UntilAsync("ops/dead-letters", list => list.AsArray().Count == 1, ct);
        Done($"POST /orders with the sku transient-5: it failed {letters[0]!["attempts"]} times, with growing delays, and is now a dead letter", step);
        var letter = await GetAsync($"ops/dead-letters/{messageId}", ct);
        var payload = JsonNode.Parse((string)letter["payload"]!)!;
        // MassTransit puts the message into an envelope; with the broker's own client it is the payload.
        Console.WriteLine($"""
              GET /ops/dead-letters/{messageId}
                  reason    {letter["reason"]}
                  attempts  {letter["attempts"]}
                  message   {(payload["message"] ?? payload).ToJsonString()}
            """);

        Title("Its replay");
        step.Restart();
        using (var replay = await http.PostAsync(new Uri($"ops/dead-letters/{messageId}/replay", UriKind.Relative), null, ct))
        {
            replay.EnsureSuccessStatusCode();
        }

        var order = await UntilAsync("orders/order-x", _ => true, ct);
        Done($"POST /ops/dead-letters/{messageId}/replay: processed, {order.ToJsonString()}", step);
        var left = (await GetAsync("ops/dead-letters", ct)).AsArray().Count;
        if ((int)order["effects"]! != 1 || left != 0)
        {
            throw new InvalidOperationException($"Expected one effect and no dead letter left, but found {order["effects"]} and {left}.");
        }

        Console.WriteLine($"\nDone in {total.Elapsed.TotalSeconds:0.0} s: {Orders + 1} orders sent, each with exactly one effect, none lost.");
    }

    public void Dispose()
    {
        http.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task StepAsync(string what, Command command, CancellationToken ct)
    {
        var step = Stopwatch.StartNew();
        (await command.RunAsync(ct)).EnsureSuccess();
        Done(what, step);
    }

    private static void Title(string text) => Console.WriteLine($"\n{text}");

    private static void Done(string what, Stopwatch step) => Console.WriteLine($"  {step.Elapsed.TotalSeconds,5:0.0} s  {what}");

    private async Task<string> PlaceAsync(string orderId, string sku, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync("orders", new { orderId, sku, quantity = 1 }, ct);
        response.EnsureSuccessStatusCode();
        return (string)(await response.Content.ReadFromJsonAsync<JsonNode>(ct))!["messageId"]!;
    }

    private async Task<JsonNode> GetAsync(string path, CancellationToken ct) => (await http.GetFromJsonAsync<JsonNode>(path, ct))!;

    /// <summary>The answer, or null while there is none: nobody listens yet, not ready, or not found.</summary>
    private async Task<JsonNode?> TryGetAsync(string path, CancellationToken ct)
    {
        try
        {
            return await GetAsync(path, ct);
        }
        catch (HttpRequestException e) when (e.StatusCode is null or HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }

    private async Task<JsonNode> UntilAsync(string path, Predicate<JsonNode> isSo, CancellationToken ct)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience;)
        {
            if (await TryGetAsync(path, ct) is { } answer && isSo(answer))
            {
                return answer;
            }

            // Over HTTP there is nothing to wait on.
            await Task.Delay(50, ct);
        }

        throw new TimeoutException($"GET /{path} did not become what was expected within {Patience.TotalSeconds:0} s.");
    }
}
