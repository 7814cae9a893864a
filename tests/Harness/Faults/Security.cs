using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace MqService.Harness.Faults;

/// <summary>
/// Who may talk to whom, and what nobody may read. The broker talks TLS and knows one user, with no more rights than the pages of the
/// brokers say are needed.
/// </summary>
internal static class Security
{
    private const string WrongPassword = "plantedbutwrong";

    /// <summary>Longer than a service waits before it tries again.</summary>
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);

    /// <summary>The server shows one bad certificate after the other, and then a good one, which the running service accepts.</summary>
    public static async Task<Figures> CertificatesAsync(FaultRun run)
    {
        await ShowAsync(run, ServerCertificate.OfAnotherAuthority);
        var (producer, consumer) = (run.StartProducer(), run.StartConsumer());
        await RefusesAsync(run, producer, consumer, "certificate");
        foreach (var bad in new[] { ServerCertificate.OfAnotherHost, ServerCertificate.Expired })
        {
            await ShowAsync(run, bad);
            await RefusesAsync(run, producer, consumer, "certificate");
        }

        await ShowAsync(run, ServerCertificate.Valid);
        return await WorksAsync(run, producer, consumer);
    }

    public static async Task<Figures> WrongPasswordAsync(FaultRun run)
    {
        var wrong = Wrong(run);
        var (producer, consumer) = (run.StartProducer(wrong), run.StartConsumer(wrong));
        await RefusesAsync(run, producer, consumer, says: null);
        await producer.KillAsync();
        await consumer.KillAsync();
        return await WorksAsync(run, run.StartProducer(), run.StartConsumer());
    }

    /// <summary>
    /// In Production, with everything logged and exported: whatever fails, no password and no key shows up in a log, an answer, a trace,
    /// a metric or an exported log. And the ops endpoints are closed to whoever does not know the key.
    /// </summary>
    public static async Task<Figures> SecretsAsync(FaultRun run)
    {
        await using var exported = new TelemetryCapture();
        var key = $"planted{Guid.NewGuid():N}";
        var everything = new Dictionary<string, string?>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Logging__LogLevel__Default"] = "Trace",
            ["Logging__LogLevel__Microsoft.AspNetCore"] = "Trace",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = exported.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["Messaging__Retry__BaseDelay"] = "00:00:00.050",
        };
        if (run.Environment.TryGetValue("ConnectionStrings__postgres", out var postgres))
        {
            // Our PostgreSQL asks for no password, so any will do.
            everything["ConnectionStrings__postgres"] = $"{postgres};Password={run.Security.Password}";
        }

        var answers = new StringBuilder();
        await OpsAreClosedAsync(run, everything, answers);

        var wrong = Wrong(run);
        var refused = new[] { run.StartProducer([.. everything, .. wrong]), run.StartConsumer([.. everything, .. wrong]) };
        foreach (var process in refused)
        {
            await run.UntilReadyAsync(process, ready: false);
            await Task.Delay(Idle);
            answers.AppendLine(await process.ReadinessAsync());
            await process.TerminateAsync(TimeSpan.FromSeconds(30));
        }

        var producer = run.StartProducer(everything);

        // In Development a handler fails when it is told to, and errors are explained at length.
        var consumer = run.StartConsumer([.. everything, new("ASPNETCORE_ENVIRONMENT", "Development"), new("Ops__ApiKey", key)]);
        consumer.Http.DefaultRequestHeaders.Add("X-Api-Key", key);
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        var dead = $"dead-{Guid.NewGuid()}";
        await run.SendAsync(producer, "coffee");
        await run.SendAsync(producer, "transient-always", dead);
        await run.UntilAsync(() => consumer.HasDeadLetterAsync(dead), "what always fails is no dead letter");
        foreach (var body in new[] { """{"sku":1}""", "no JSON", """{"sku":"coffee","quantity":1,"orderId":"\u0000"}""" })
        {
            using var bad = await producer.Http.PostAsync("orders", new StringContent(body, Encoding.UTF8, "application/json"));
            answers.AppendLine(await bad.Content.ReadAsStringAsync());
        }

        foreach (var path in new[] { "ops/dead-letters", "ops/queues", "ops/dead-letters/nothing", $"ops/dead-letters/{dead}", "orders/nothing", "health/ready", "health/live" })
        {
            answers.AppendLine(await consumer.Http.GetStringOrErrorAsync(path));
        }

        run.History.Add("SIGKILL the broker");
        await run.Broker.KillAsync();
        using (var unavailable = await producer.Http.PostAsync("orders", JsonContent.Create(new { sku = "coffee", quantity = 1 })))
        {
            answers.AppendLine(await unavailable.Content.ReadAsStringAsync());
        }

        await run.UntilReadyAsync(producer, ready: false);
        await run.UntilReadyAsync(consumer, ready: false);
        answers.AppendLine(await producer.ReadinessAsync()).AppendLine(await consumer.ReadinessAsync()).AppendLine(await consumer.Http.GetStringOrErrorAsync("ops/queues"));

        await run.Broker.RestartAsync();
        var since = run.History.Now;
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        await run.SendAsync(producer, "coffee");
        var figures = await run.CheckAsync(consumer, since);
        await producer.TerminateAsync(TimeSpan.FromSeconds(30));
        await consumer.TerminateAsync(TimeSpan.FromSeconds(30));
        if (exported.Bytes == 0)
        {
            throw new FaultException("Nothing was exported: this proves nothing.");
        }

        foreach (var (secret, name) in new[] { (run.Security.Password, "password"), (WrongPassword, "wrong password"), (key, "API key") })
        {
            foreach (var (text, where) in run.Outputs.Append((answers.ToString(), "an answer")).Append((exported.Text, "what was exported")))
            {
                if (text.Split('\n').FirstOrDefault(line => line.Contains(secret, StringComparison.OrdinalIgnoreCase)) is { } line)
                {
                    throw new FaultException($"The {name} is in {where}: {line[..Math.Min(line.Length, 500)]}");
                }
            }
        }

        return figures with { Note = $"{run.Outputs.Sum(output => output.Text.Length) >> 10} KiB of logs, {answers.Length >> 10} KiB of answers and {exported.Bytes >> 10} KiB of telemetry searched" };
    }

    /// <summary>404 while there is no key, 401 without it and with another one, 200 with it.</summary>
    private static async Task OpsAreClosedAsync(FaultRun run, Dictionary<string, string?> settings, StringBuilder answers)
    {
        var consumer = run.StartConsumer(settings);
        await run.UntilReadyAsync(consumer);
        await ShouldAnswerAsync(null, HttpStatusCode.NotFound);
        await ShouldAnswerAsync("guess", HttpStatusCode.NotFound);
        await ShouldAnswerAsync("", HttpStatusCode.NotFound);
        await consumer.TerminateAsync(TimeSpan.FromSeconds(30));

        consumer = run.StartConsumer([.. settings, new("Ops__ApiKey", "plantedkey")]);
        await run.UntilReadyAsync(consumer);
        await ShouldAnswerAsync(null, HttpStatusCode.Unauthorized);
        await ShouldAnswerAsync("", HttpStatusCode.Unauthorized);
        await ShouldAnswerAsync("guess", HttpStatusCode.Unauthorized);
        await ShouldAnswerAsync("plantedkey", HttpStatusCode.OK);
        await consumer.TerminateAsync(TimeSpan.FromSeconds(30));

        async Task ShouldAnswerAsync(string? key, HttpStatusCode expected)
        {
            foreach (var path in new[] { "ops/queues", "ops/dead-letters" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                if (key is not null)
                {
                    request.Headers.TryAddWithoutValidation("X-Api-Key", key);
                }

                using var response = await consumer.Http.SendAsync(request);
                answers.AppendLine(await response.Content.ReadAsStringAsync());
                if (response.StatusCode != expected)
                {
                    throw new FaultException($"GET {path} with the key {key ?? "missing"} was answered with {(int)response.StatusCode} instead of {(int)expected}.");
                }
            }
        }
    }

    /// <summary>It is in the connection string or, for Kafka, in a setting of its own.</summary>
    private static Dictionary<string, string?> Wrong(FaultRun run) => run.Environment
        .Where(variable => variable.Value!.Contains(run.Security.Password, StringComparison.Ordinal))
        .ToDictionary(variable => variable.Key, variable => (string?)variable.Value!.Replace(run.Security.Password, WrongPassword, StringComparison.Ordinal));

    private static async Task ShowAsync(FaultRun run, ServerCertificate certificate)
    {
        run.History.Add("the server shows a certificate", $"{certificate}");
        run.Security.Show(certificate);
        await run.Broker.KillAsync();
        await run.Broker.RestartAsync();
    }

    /// <summary>Both sides stay up, say why they are not ready, do not spin, and confirm nothing.</summary>
    private static async Task RefusesAsync(FaultRun run, ServiceProcess producer, ServiceProcess consumer, string? says)
    {
        await Task.WhenAll(RefusesAsync(producer), RefusesAsync(consumer));
        if (await run.SendAsync(producer, "coffee"))
        {
            throw new FaultException("A message was confirmed by a broker that nobody should talk to.");
        }

        async Task RefusesAsync(ServiceProcess side)
        {
            var reason = "";
            await run.UntilReadyAsync(side, ready: false);
            await run.UntilAsync(
                async () => Says(reason = await side.ReadinessAsync()), () => $"the {side.Side} is not ready, and gives this reason: {reason}", TimeSpan.FromSeconds(40));
            var before = side.ProcessorTime;
            if (await Task.WhenAny(side.Exited, Task.Delay(Watched)) == side.Exited)
            {
                throw new FaultException($"The {side.Side} died: {reason}\n{side.Output}");
            }

            var busy = side.ProcessorTime - before;
            run.History.Add("unready", side.Side, new { reason, busy });
            if (busy > Idle || await side.StatusAsync("health/ready") != HttpStatusCode.ServiceUnavailable)
            {
                throw new FaultException($"The {side.Side} was busy for {busy.TotalSeconds:0.0} of {Watched.TotalSeconds:0} s, or became ready: {reason}\n{side.Output}");
            }

            if (reason.Contains(run.Security.Password, StringComparison.Ordinal) || reason.Contains(WrongPassword, StringComparison.Ordinal))
            {
                throw new FaultException($"The {side.Side} tells the password: {reason}");
            }
        }

        bool Says(string reason) => says is null
            ? new[] { "auth", "password", "ACCESS_REFUSED", "NOAUTH", "WRONGPASS" }.Any(word => reason.Contains(word, StringComparison.OrdinalIgnoreCase))
            : reason.Contains(says, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Everything that takes rights: to send, to retry, to give up, to look, to replay, to discard.</summary>
    private static async Task<Figures> WorksAsync(FaultRun run, ServiceProcess producer, ServiceProcess consumer)
    {
        var since = run.History.Now;
        await run.UntilReadyAsync(producer);
        await run.UntilReadyAsync(consumer);
        for (var number = 0; number < 50; number++)
        {
            await run.SendAsync(producer, "coffee");
        }

        await run.SendAsync(producer, "transient-1");
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Delete })
        {
            var dead = $"dead-{Guid.NewGuid()}";
            using var send = new HttpRequestMessage(HttpMethod.Post, "orders")
            {
                Content = JsonContent.Create(new { sku = "permanent", quantity = 1 }),
                Headers = { { "Idempotency-Key", dead } },
            };
            using var sent = await producer.Http.SendAsync(send);
            sent.EnsureSuccessStatusCode();
            await run.UntilAsync(() => consumer.HasDeadLetterAsync(dead), "what fails for good is no dead letter");
            using var request = new HttpRequestMessage(method, method == HttpMethod.Post ? $"ops/dead-letters/{dead}/replay" : $"ops/dead-letters/{dead}");
            using var response = await consumer.Http.SendAsync(request);
            if (!response.IsSuccessStatusCode)
            {
                throw new FaultException($"{request.Method} {request.RequestUri} was answered with {(int)response.StatusCode}.");
            }
        }

        return await run.CheckAsync(consumer, since);
    }

    private static async Task<string> GetStringOrErrorAsync(this HttpClient http, string path)
    {
        using var response = await http.GetAsync(path);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }
}
