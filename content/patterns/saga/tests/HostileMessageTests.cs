using System.Text;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>C05 and C13: what arrives is not always what this version of the service sends.</summary>
public sealed class HostileMessageTests(ServiceFixture service)
{
    private const string V1 = "acme-1.order.placed.v1";
    private const string V2 = "acme-1.order.placed.v2";

    public static TheoryData<string, byte[]> MalformedPayloads => new()
    {
        { "no JSON", "no JSON"u8.ToArray() },
        { "no UTF-8", [0xff, 0xfe, 0x00, 0x80] },
        { "a wrong type", """{"orderId":"x","sku":"coffee","quantity":"many","placedAt":"2026-01-31T08:30:00Z"}"""u8.ToArray() },
        { "a missing property", """{"orderId":"x","sku":"coffee"}"""u8.ToArray() },
        { "null", "null"u8.ToArray() },
        { "deep nesting", Encoding.UTF8.GetBytes(new string('[', 10_000)) },
    };

    [Theory]
    [MemberData(nameof(MalformedPayloads))]
    public async Task C05_a_malformed_message_is_a_dead_letter_at_once(string what, byte[] payload)
    {
        var id = Guid.CreateVersion7().ToString();
        var message = service.Wire.Encode(V2, id, payload);

        await SendAsync(message);

        var letter = await Eventually.NotNullAsync(() => FindByBodyAsync(message.Body), $"{what} did not become a dead letter");
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("malformed");
        await DiscardAsync(letter);
        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_without_headers_is_a_dead_letter_with_an_id_made_up()
    {
        var body = Encoding.UTF8.GetBytes($"no headers at all {Guid.NewGuid()}");

        await SendAsync(new(new Dictionary<string, string>(), body));

        var letter = await Eventually.NotNullAsync(() => FindByBodyAsync(body), "the message did not become a dead letter");
        letter.MessageId.ShouldNotBeNullOrEmpty();
        letter.Attempts.ShouldBe(1);
        await DiscardAsync(letter);
        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_as_large_as_the_broker_takes_is_a_dead_letter_too()
    {
        // Just under the smallest limit there is (NATS's, one mebibyte with all headers).
        var body = new byte[1_040_000];
        Random.Shared.NextBytes(body);
        var id = Guid.CreateVersion7().ToString();
        var message = service.Wire.Encode(V2, id, body);

        await SendAsync(message);

        var letter = await service.Consumer.WaitForDeadLetterAsync(id);
        letter.Attempts.ShouldBe(1);
        letter.PayloadBase64.ShouldBe(message.Body);
        await DiscardAsync(letter);
        await AssertStillWorkingAsync();
    }

    [Fact]
    public async Task C05_a_message_of_an_unknown_type_is_a_dead_letter_at_once()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode("acme-1.invoice.sent.v1", id, "{}"u8.ToArray()));

        var letter = await service.Consumer.WaitForDeadLetterAsync(id);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("unknown message type");
        await DiscardAsync(letter);
    }

    [Fact]
    public async Task C13_a_message_of_version_1_is_upcast_and_processed()
    {
        var orderId = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode(V1, Guid.CreateVersion7().ToString(), Json(orderId, "")));

        await service.Consumer.WaitForOrderAsync(orderId);
    }

    [Fact]
    public async Task C13_an_unknown_property_of_a_newer_minor_version_is_ignored()
    {
        var orderId = Guid.CreateVersion7().ToString();
        var payload = Json(orderId, ""","placedAt":"2026-01-31T08:30:00Z","giftWrap":{"paper":"red"}""");
        await SendAsync(service.Wire.Encode(V2, Guid.CreateVersion7().ToString(), payload));

        await service.Consumer.WaitForOrderAsync(orderId);
    }

    [Fact]
    public async Task C13_an_unknown_major_version_is_a_dead_letter_without_a_retry()
    {
        var id = Guid.CreateVersion7().ToString();
        await SendAsync(service.Wire.Encode("acme-1.order.placed.v9", id, "{}"u8.ToArray()));

        var letter = await service.Consumer.WaitForDeadLetterAsync(id);
        letter.Attempts.ShouldBe(1);
        letter.Reason.ShouldContain("unsupported version");
        await DiscardAsync(letter);
    }

    private static byte[] Json(string orderId, string more) =>
        Encoding.UTF8.GetBytes($$"""{"orderId":"{{orderId}}","sku":"coffee","quantity":1{{more}}}""");

    private Task SendAsync(WireMessage message) => service.Wire.SendAsync(Destinations.Orders, message, TestContext.Current.CancellationToken);

    /// <summary>A message without a readable id can only be told by its bytes, which must be those that were sent.</summary>
    private async Task<DeadLetterInfo?> FindByBodyAsync(byte[] body)
    {
        foreach (var listed in await service.Consumer.ListDeadLettersAsync())
        {
            var letter = await service.Consumer.FindDeadLetterAsync(listed.MessageId);
            if (letter?.PayloadBase64?.AsSpan().SequenceEqual(body) == true)
            {
                return letter;
            }
        }

        return null;
    }

    private async Task DiscardAsync(DeadLetterInfo letter)
    {
        using var response = await service.Consumer.DeleteAsync($"/ops/dead-letters/{letter.MessageId}");
        response.EnsureSuccessStatusCode();
    }

    private async Task AssertStillWorkingAsync()
    {
        var placed = await service.Producer.PlaceOrderAsync("coffee");
        await service.Consumer.WaitForOrderAsync(placed.OrderId);
    }
}
