using System.Net;
using System.Net.Http.Json;

namespace Acme._1.Tests;

internal sealed record AccountState(string Id, decimal Balance, long Version);

internal sealed record MoneyMoved(string Id, decimal Balance, long Version, string EventId);

internal sealed record ProjectionInfo(string Name, long Generation, RebuildInfo? Rebuild);

internal sealed record RebuildInfo(long Generation, string? Position, long Events, DateTimeOffset StartedAt);

internal static class AccountsClient
{
    /// <summary>An account of its own, whose id says what to simulate.</summary>
    public static string NewAccount(string simulation = "plain") => $"{simulation}-{Guid.NewGuid():N}";

    public static async Task<MoneyMoved> DepositAsync(
        this HttpClient producer, string account, decimal amount = 1, long? ifMatch = null, string? idempotencyKey = null)
    {
        using var response = await producer.PostMoneyAsync($"/accounts/{account}/deposits", new { amount }, ifMatch, idempotencyKey);
        return await response.ReadAsync();
    }

    public static async Task<MoneyMoved> WithdrawAsync(
        this HttpClient producer, string account, decimal amount, long? ifMatch = null, string? idempotencyKey = null)
    {
        using var response = await producer.PostMoneyAsync($"/accounts/{account}/withdrawals", new { amount }, ifMatch, idempotencyKey);
        return await response.ReadAsync();
    }

    public static async Task<HttpResponseMessage> PostMoneyAsync(
        this HttpClient producer, string path, object body, long? ifMatch = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (ifMatch is not null)
        {
            request.Headers.Add("If-Match", $"\"{ifMatch}\"");
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await producer.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static Task<AccountState?> FindAccountAsync(this HttpClient producer, string account) =>
        producer.FindAsync<AccountState>($"/accounts/{account}");

    public static Task<AccountState?> FindBalanceAsync(this HttpClient consumer, string account) =>
        consumer.FindAsync<AccountState>($"/balances/{account}");

    /// <summary>The balance when it has this version at least.</summary>
    public static Task<AccountState> WaitForBalanceAsync(this HttpClient consumer, string account, long version) =>
        Eventually.NotNullAsync(
            async () => await consumer.FindBalanceAsync(account) is { } balance && balance.Version >= version ? balance : null,
            $"the balance of {account} did not get to version {version}");

    public static async Task<ProjectionInfo> GetProjectionAsync(this HttpClient consumer) =>
        (await consumer.GetFromJsonAsync<ProjectionInfo[]>("/ops/projections"))!.ShouldHaveSingleItem();

    public static async Task<ProjectionInfo> RebuildAsync(this HttpClient consumer)
    {
        using var response = await consumer.PostAsync("/ops/projections/balances/rebuild", content: null);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<ProjectionInfo>())!;
    }

    private static async Task<MoneyMoved> ReadAsync(this HttpResponseMessage response)
    {
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        var moved = (await response.Content.ReadFromJsonAsync<MoneyMoved>())!;
        response.Headers.ETag!.Tag.ShouldBe($"\"{moved.Version}\"");
        return moved;
    }
}
