using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults.Hostile;

/// <summary>
/// Hostile messages on the broker and hostile requests at the producer, among healthy ones. <c>MQ_FUZZ_COUNT</c> says how many of
/// each, <c>MQ_FUZZ_SEED</c> which; <c>MQ_FUZZ_ONLY</c> is the number of a single one.
/// </summary>
internal static class Fuzz
{
    private const int SideBySide = 8;

    /// <summary>What is sent until the memory is looked at for the first time: by then everything has been needed once.</summary>
    private const int WarmUp = 1_000;

    /// <summary>Flat: so much more, and no more however many messages come.</summary>
    private const long Slack = 96 * 1024 * 1024;

    /// <summary>Longer ids do not fit into an address.</summary>
    private const int LongestId = 2_000;

    private static readonly Dictionary<string, string?> QuickRetries = new() { ["Messaging__Retry__BaseDelay"] = "00:00:00.050" };

    public static Task<Figures> RunAsync(FaultRun run) => RunAsync(run, 10_000);

    /// <summary>Few enough to be run each time.</summary>
    public static Task<Figures> RunBrieflyAsync(FaultRun run) => RunAsync(run, 300);

    private static async Task<Figures> RunAsync(FaultRun run, int usualCount)
    {
        var seed = Setting("MQ_FUZZ_SEED") ?? Random.Shared.Next(1_000_000);
        var count = Setting("MQ_FUZZ_COUNT") ?? usualCount;
        int[] numbers = Setting("MQ_FUZZ_ONLY") is { } only ? [only] : [.. Enumerable.Range(0, count)];
        run.History.Add("fuzz", detail: new { seed, numbers.Length });

        var producer = run.StartProducer();
        var consumer = run.StartConsumer(QuickRetries);
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);

        using var stop = new CancellationTokenSource();
        var load = run.LoadAsync(producer, concurrency: 1, stop.Token);
        var messages = await MessagesAsync();
        var (producerMemory, consumerMemory) = (0L, 0L);
        foreach (var (part, numbersOfPart) in new[] { ("warm-up", numbers[..Math.Min(WarmUp, numbers.Length)]), ("rest", numbers[Math.Min(WarmUp, numbers.Length)..]) })
        {
            await Parallel.ForEachAsync(numbersOfPart, new ParallelOptions { MaxDegreeOfParallelism = SideBySide }, async (number, _) =>
            {
                await messages.SendAsync(number);
                await RequestAsync(number);
            });
            await run.UntilAsync(async () => await messages.AreSettledAsync(consumer), () => messages.Describe(consumer), TimeSpan.FromMinutes(5));
            run.History.Add(part, detail: new { producer = producer.WorkingSet, consumer = consumer.WorkingSet });
            if (part == "warm-up")
            {
                (producerMemory, consumerMemory) = (producer.WorkingSet, consumer.WorkingSet);
            }
        }

        await stop.CancelAsync();
        var refused = await load;
        var healthy = await run.CheckAsync(consumer, run.History.Now);
        try
        {
            await messages.ShowAsync(consumer);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            throw new FaultException($"The dead letters cannot be looked at: {exception.Message} {Replay()}");
        }

        var producerHolds = await HeldAsync(producer, producerMemory);
        var consumerHolds = await HeldAsync(consumer, consumerMemory);
        if (refused > 0)
        {
            throw new FaultException($"{refused} healthy messages were refused. {Replay()}");
        }

        return healthy with
        {
            Sent = healthy.Sent + messages.Sent,
            Confirmed = healthy.Confirmed + messages.Confirmed,
            Processed = healthy.Processed + messages.Confirmed - messages.Dead,
            DeadLettered = healthy.DeadLettered + messages.Dead,
            Note = $"seed {seed}, as many hostile requests, memory {producerMemory >> 20} -> {producerHolds >> 20} and {consumerMemory >> 20} -> {consumerHolds >> 20} MiB",
        };

        async Task<HostileMessages> MessagesAsync()
        {
            var format = await MessageFormat.OfAsync(run.Service);
            var broker = run.Environment["ConnectionStrings__broker"]!;
            var sender = run.Service.Combination["broker"] switch
            {
                "rabbitmq" => await HostileRabbitMq.ConnectAsync(broker, format.Queue),
                "nats" => await HostileNats.ConnectAsync(broker, format.Queue),
                "redis" => await HostileRedis.ConnectAsync(broker, format.Queue),
                _ => HostileKafka.Connect(broker, format.Queue),
            };
            return new(run, sender, new(seed, format, sender.MaxBody), Replay);
        }

        // What it has in memory, if that is no more than it may be.
        async Task<long> HeldAsync(ServiceProcess process, long before)
        {
            if (process.Exited.IsCompleted)
            {
                throw new FaultException($"The {process.Side} died. {Replay()}");
            }

            var held = process.WorkingSet;
            if (numbers.Length > WarmUp && held > before + Slack)
            {
                // Bodies of 10 MB leave a lot lying about: one more at a time, until the garbage is collected. What is held stays.
                await run.UntilAsync(
                    async () =>
                    {
                        await RequestAsync(RequestFuzzer.Huge);
                        return (held = process.WorkingSet) <= before + Slack;
                    },
                    () => $"the {process.Side} took {before >> 20} MiB after {WarmUp} hostile messages and {held >> 20} MiB after {numbers.Length}. {Replay()}",
                    TimeSpan.FromMinutes(1));
            }

            return held;
        }

        async Task RequestAsync(int number)
        {
            var (what, request) = new RequestFuzzer(seed).Create(number);
            using (request)
            {
                var status = await StatusAsync(request);
                run.History.Add("request", $"{number}", new { what, status });
                if (status is < HttpStatusCode.BadRequest or >= HttpStatusCode.InternalServerError)
                {
                    throw new FaultException($"Request {number} ({what}) was answered with {(int)status}. {Replay()}");
                }
            }
        }

        async Task<HttpStatusCode?> StatusAsync(HttpRequestMessage request)
        {
            try
            {
                using var response = await producer.Http.SendAsync(request);
                return response.StatusCode;
            }
            catch (HttpRequestException exception) when (!producer.Exited.IsCompleted)
            {
                // Refused while it was still being sent, or not even sent by this client.
                run.History.Add("no answer", detail: exception.Message);
                return null;
            }
        }

        string Replay() => $"MQ_FUZZ_SEED={seed} makes the same ones again, MQ_FUZZ_ONLY a single one; the history is in {run.History.Path}";
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>The hostile messages of a run, and what became of them.</summary>
    private sealed class HostileMessages(FaultRun run, IHostileSender sender, MessageFuzzer fuzzer, Func<string> replay)
    {
        private const int Shown = 5;

        private readonly Lock gate = new();
        private readonly HashSet<string> bodies = [];
        private long left;

        public int Sent { get; private set; }

        public int Confirmed { get; private set; }

        /// <summary>How many are dead letters by now.</summary>
        public int Dead { get; private set; }

        /// <summary>How many must be, at least.</summary>
        private int Doomed { get; set; }

        public async Task SendAsync(int number)
        {
            var message = fuzzer.Create(number);
            var confirmed = await sender.SendAsync(message);
            run.History.Add(confirmed ? "hostile" : "refused by the broker", $"{number}", message.What);
            lock (gate)
            {
                Sent++;
                Confirmed += confirmed ? 1 : 0;
                Doomed += confirmed && message.Fate is Fate.DeadLetter ? 1 : 0;
                if (confirmed)
                {
                    bodies.Add(Hash(message.Body ?? []));
                }
            }
        }

        /// <summary>All of them are, and nothing is left of those that may have been processed.</summary>
        public async Task<bool> AreSettledAsync(ServiceProcess consumer)
        {
            var queue = (await consumer.Http.GetFromJsonAsync<JsonArray>("ops/queues"))!.Single()!;
            Dead = (int)queue["deadLettered"]!;
            left = (long)queue["depth"]! + (long)queue["inFlight"]! + (long)queue["retrying"]!;
            return Dead >= Doomed && Dead <= Confirmed;
        }

        public string Describe(ServiceProcess consumer) =>
            $"of {Confirmed} hostile messages {Doomed} or more must be dead letters, and {Dead} are; {left} messages are left; the consumer {(consumer.Exited.IsCompleted ? "died" : "lives")}. {replay()}";

        /// <summary>What is in the dead-letter queue can be listed and looked at, and its bytes are those that were sent.</summary>
        public async Task ShowAsync(ServiceProcess consumer)
        {
            // To look at one dead letter on RabbitMQ is to fetch them all.
            using var http = new HttpClient { BaseAddress = consumer.Http.BaseAddress, Timeout = TimeSpan.FromMinutes(5) };
            var letters = (await http.GetFromJsonAsync<JsonArray>("ops/dead-letters?take=200"))!;
            foreach (var id in letters.Select(letter => (string)letter!["messageId"]!).Where(id => id.Length <= LongestId).Take(Shown))
            {
                if (id.Length == 0)
                {
                    throw new FaultException($"A dead letter has no id. {replay()}");
                }

                var path = $"ops/dead-letters/{Uri.EscapeDataString(id)}";
                using var response = await http.GetAsync(path);
                if (!response.IsSuccessStatusCode)
                {
                    throw new FaultException($"The dead letter {id} is listed, and GET {path} answers {(int)response.StatusCode}. {replay()}");
                }

                var letter = (await response.Content.ReadFromJsonAsync<JsonNode>())!;
                if (!bodies.Contains(Hash(Convert.FromBase64String((string)letter["payloadBase64"]!))))
                {
                    throw new FaultException($"The dead letter {id} has not the bytes that were sent. {replay()}");
                }
            }

            await sender.DisposeAsync();
        }

        private static string Hash(byte[] body) => Convert.ToHexString(SHA256.HashData(body));
    }
}
