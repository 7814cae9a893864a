using System.Text;
using Acme._1.Consumer;
using Acme._1.Contracts;
using static Acme._1.Tests.AccountsClient;

namespace Acme._1.Tests;

/// <summary>
/// C05 and C13: what arrives on the topic is not always what this version of the service sends. None of it is an event: it is
/// not in the event store, or, where the topic is the event store, it has not got there through it.
/// </summary>
public sealed class HostileMessageTests(ServiceFixture service)
{
    private const string V1 = "acme-1.account.deposited.v1";
    private const string V2 = "acme-1.account.deposited.v2";

    public static TheoryData<string, byte[]> MalformedPayloads => new()
    {
        { "no JSON", "no JSON"u8.ToArray() },
        { "no UTF-8", [0xff, 0xfe, 0x00, 0x80] },
        { "a wrong type", """{"accountId":"x","version":1,"amount":"much","at":"2026-01-31T08:30:00Z"}"""u8.ToArray() },
        { "a missing property", """{"accountId":"x","version":1}"""u8.ToArray() },
        { "null", "null"u8.ToArray() },
        { "deep nesting", Encoding.UTF8.GetBytes(new string('[', 10_000)) },
    };

    [Theory]
    [MemberData(nameof(MalformedPayloads))]
    public async Task C05_a_malformed_message_is_a_dead_letter_at_once(string what, byte[] payload)
    {
        var id = Guid.CreateVersion7().ToString();
        var message = service.Wire.Encode(V2, id, payload, "x");

        await SendAsync(message);

        await Eventually.TrueAsync(async () => await FindByBodyAsync(message.Body) is not null, $"{what} did not keep its bytes");
        await ShouldDieAsync(id, "malformed");
        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_without_headers_is_a_dead_letter_with_an_id_made_up()
    {
        var body = Encoding.UTF8.GetBytes($"no headers at all {Guid.NewGuid()}");

        await SendAsync(new(new Dictionary<string, string>(), body, "x"));

        var letter = await Eventually.NotNullAsync(() => FindByBodyAsync(body), "the message did not become a dead letter");
        letter.MessageId.ShouldNotBeNullOrEmpty();
        letter.Attempts.ShouldBe(1);
        letter.Queue.ShouldBe(Subscriptions.Balances);
        await DiscardAsync(letter.MessageId);
        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_of_an_unknown_type_is_a_dead_letter_at_once()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode("acme-1.invoice.sent.v1", id, "{}"u8.ToArray(), "x"));

        await ShouldDieAsync(id, "unknown message type");
    }

    [Fact]
    public async Task C13_a_message_of_version_1_is_upcast_and_processed()
    {
        var account = NewAccount();
        await SendAsync(V1, account, "\"cents\":1250");

        (await service.Consumer.WaitForBalanceAsync(account, 1)).ShouldBe(new(account, 12.5m, 1));
    }

    [Fact]
    public async Task C13_an_unknown_property_of_a_newer_minor_version_is_ignored()
    {
        var account = NewAccount();
        await SendAsync(V2, account, "\"amount\":12.5,\"at\":\"2026-01-31T08:30:00Z\",\"channel\":{\"name\":\"counter\"}");

        (await service.Consumer.WaitForBalanceAsync(account, 1)).ShouldBe(new(account, 12.5m, 1));
    }

    [Fact]
    public async Task C13_an_unknown_major_version_is_a_dead_letter_without_a_retry()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode("acme-1.account.deposited.v9", id, "{}"u8.ToArray(), "x"));

        await ShouldDieAsync(id, "unsupported version");
    }

    [Fact]
    public async Task What_is_no_event_does_not_stop_a_rebuild()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode(V2, id, "no JSON"u8.ToArray(), "x"));
        await ShouldDieAsync(id, "malformed");

        var generation = (await service.Consumer.RebuildAsync()).Rebuild!.Generation;
        await Eventually.TrueAsync(
            async () => (await service.Consumer.GetProjectionAsync()).Generation >= generation, "the rebuild has not ended");
    }

    private Task SendAsync(string type, string account, string rest) => SendAsync(service.Wire.Encode(
        type, Guid.CreateVersion7().ToString(), Encoding.UTF8.GetBytes($$"""{"accountId":"{{account}}","version":1,{{rest}}}"""), account));

    private Task SendAsync(WireMessage message) =>
        service.Wire.SendAsync(Destinations.Accounts, message, TestContext.Current.CancellationToken);

    /// <summary>And discards what died.</summary>
    private async Task ShouldDieAsync(string id, string reason)
    {
        var letter = await service.Consumer.WaitForDeadLetterAsync(id);
        letter.Queue.ShouldBe(Subscriptions.Balances);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain(reason);

        await DiscardAsync(id);
        (await service.Consumer.FindDeadLetterAsync(id)).ShouldBeNull();
    }

    /// <summary>A message without a readable id can only be told by its bytes, which must be those that were sent.</summary>
    private async Task<DeadLetterInfo?> FindByBodyAsync(byte[] body)
    {
        foreach (var listed in await service.Consumer.ListDeadLettersAsync())
        {
            if (await service.Consumer.FindDeadLetterAsync(listed.MessageId) is { PayloadBase64: { } bytes } letter && bytes.AsSpan().SequenceEqual(body))
            {
                return letter;
            }
        }

        return null;
    }

    private async Task DiscardAsync(string id)
    {
        using var response = await service.Consumer.DeleteAsync($"/ops/dead-letters/{id}", TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
    }

    private async Task AssertStillWorkingAsync()
    {
        var account = NewAccount();
        await service.Producer.DepositAsync(account);
        await service.Consumer.WaitForBalanceAsync(account, 1);
    }
}
