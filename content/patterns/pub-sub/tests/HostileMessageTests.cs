using System.Text;
using Acme._1.Consumer;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>
/// C05 and C13: what arrives is not always what this version of the service sends. Each subscriber gets it, and each has
/// its own dead letter of it.
/// </summary>
public sealed class HostileMessageTests(ServiceFixture service)
{
    private const string Region = "eu";
    private const string V1 = "acme-1.order.placed.v1";
    private const string V2 = "acme-1.order.placed.v2";

    public static TheoryData<string, byte[]> MalformedPayloads => new()
    {
        { "no JSON", "no JSON"u8.ToArray() },
        { "no UTF-8", [0xff, 0xfe, 0x00, 0x80] },
        { "a wrong type", """{"orderId":"x","sku":"coffee","quantity":"many","placedAt":"2026-01-31T08:30:00Z","region":"eu"}"""u8.ToArray() },
        { "a missing property", """{"orderId":"x","sku":"coffee"}"""u8.ToArray() },
        { "null", "null"u8.ToArray() },
        { "deep nesting", Encoding.UTF8.GetBytes(new string('[', 10_000)) },
    };

    [Theory]
    [MemberData(nameof(MalformedPayloads))]
    public async Task C05_a_malformed_message_is_a_dead_letter_of_each_subscriber_at_once(string what, byte[] payload)
    {
        var id = Guid.CreateVersion7().ToString();
        var message = service.Wire.Encode(V2, id, payload, Region);

        await SendAsync(message);

        await Eventually.TrueAsync(async () => (await FindByBodyAsync(message.Body)).Count > 0, $"{what} did not keep its bytes");
        await ShouldDieAtEachSubscriberAsync(id, "malformed", what);
        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_without_headers_is_a_dead_letter_with_an_id_made_up()
    {
        var body = Encoding.UTF8.GetBytes($"no headers at all {Guid.NewGuid()}");

        await SendAsync(new(new Dictionary<string, string>(), body, Region));

        // Of one subscriber at least: who chooses by subject does not get it where the subject is a header.
        DeadLetterInfo[] letters = [];
        await Eventually.TrueAsync(
            async () => (letters = [.. await FindByBodyAsync(body)]).Any(letter => letter.Queue == Subscriptions.Analytics),
            "the message did not become a dead letter");
        await service.WaitUntilIdleAsync();
        foreach (var letter in await FindByBodyAsync(body))
        {
            letter.MessageId.ShouldNotBeNullOrEmpty();
            letter.Attempts.ShouldBe(1);
            await DiscardAsync(letter);
        }

        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_of_an_unknown_type_is_a_dead_letter_of_each_subscriber_at_once()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode("acme-1.invoice.sent.v1", id, "{}"u8.ToArray(), Region));

        await ShouldDieAtEachSubscriberAsync(id, "unknown message type", "an unknown type");
    }

    [Fact]
    public async Task C13_a_message_of_version_1_is_upcast_and_processed()
    {
        var orderId = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode(V1, Guid.CreateVersion7().ToString(), Json(orderId, ""), Region));

        await ShouldBeProcessedAsync(orderId);
    }

    [Fact]
    public async Task C13_an_unknown_property_of_a_newer_minor_version_is_ignored()
    {
        var orderId = Guid.CreateVersion7().ToString();
        var payload = Json(orderId, ""","placedAt":"2026-01-31T08:30:00Z","region":"eu","giftWrap":{"paper":"red"}""");
        await SendAsync(service.Wire.Encode(V2, Guid.CreateVersion7().ToString(), payload, Region));

        await ShouldBeProcessedAsync(orderId);
    }

    [Fact]
    public async Task C13_an_unknown_major_version_is_a_dead_letter_without_a_retry()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode("acme-1.order.placed.v9", id, "{}"u8.ToArray(), Region));

        await ShouldDieAtEachSubscriberAsync(id, "unsupported version", "an unknown major version");
    }

    private static byte[] Json(string orderId, string more) =>
        Encoding.UTF8.GetBytes($$"""{"orderId":"{{orderId}}","sku":"coffee","quantity":1{{more}}}""");

    private Task SendAsync(WireMessage message) =>
        service.Wire.SendAsync(Destinations.OrdersPlaced, message, TestContext.Current.CancellationToken);

    private async Task ShouldBeProcessedAsync(string orderId)
    {
        var expected = new OrderStatus(orderId, "processed", Effects: 1, Attempts: 1);
        (await service.Consumer.WaitForEmailAsync(orderId)).ShouldBe(expected);
        (await service.Consumer.WaitForAnalyticsAsync(orderId)).ShouldBe(expected);
    }

    /// <summary>And discards what died.</summary>
    private async Task ShouldDieAtEachSubscriberAsync(string id, string reason, string what)
    {
        DeadLetterInfo[] letters = [];
        await Eventually.TrueAsync(
            async () => (letters = [.. (await service.Consumer.ListDeadLettersAsync()).Where(letter => letter.MessageId == id)]).Length == 2,
            $"{what} did not become a dead letter of each subscriber");

        letters.Select(letter => letter.Queue).ShouldBe([Subscriptions.Analytics, Subscriptions.Emails], ignoreOrder: true);
        foreach (var letter in letters)
        {
            letter.Attempts.ShouldBe(1);
            letter.Reason.ShouldContain(reason);
        }

        await DiscardAsync(letters[0]);
        (await service.Consumer.FindDeadLetterAsync(id)).ShouldBeNull();
    }

    /// <summary>A message without a readable id can only be told by its bytes, which must be those that were sent.</summary>
    private async Task<List<DeadLetterInfo>> FindByBodyAsync(byte[] body)
    {
        var letters = new List<DeadLetterInfo>();
        foreach (var listed in await service.Consumer.ListDeadLettersAsync())
        {
            if (await service.Consumer.FindDeadLetterAsync(listed.MessageId) is { PayloadBase64: { } bytes } letter && bytes.AsSpan().SequenceEqual(body))
            {
                letters.Add(letter);
            }
        }

        return letters;
    }

    private async Task DiscardAsync(DeadLetterInfo letter)
    {
        using var response = await service.Consumer.DeleteAsync($"/ops/dead-letters/{letter.MessageId}");
        response.EnsureSuccessStatusCode();
    }

    private async Task AssertStillWorkingAsync()
    {
        var placed = await service.Producer.PlaceOrderAsync("coffee");
        await service.Consumer.WaitForEmailAsync(placed.OrderId);
        await service.Consumer.WaitForAnalyticsAsync(placed.OrderId);
    }
}
