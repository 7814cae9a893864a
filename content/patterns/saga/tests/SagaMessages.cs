using System.Text.Json;
using Acme._1.Contracts;

namespace Acme._1.Tests;

/// <summary>Messages to a saga, sent past its participants.</summary>
internal static class SagaMessages
{
    /// <summary>Sends it under an id of its own: the inbox has not seen it, so the saga itself has to know what to make of it.</summary>
    public static async Task TellSagaAsync<T>(this ServiceFixture service, T message)
        where T : class, IStepMessage
    {
        var type = MessageTypes.Of(typeof(T));
        var id = Guid.CreateVersion7().ToString();
        var payload = JsonSerializer.SerializeToUtf8Bytes(message, type.Json);
        await service.Wire.SendAsync(type.Destination, service.Wire.Encode(type.Name, id, payload), TestContext.Current.CancellationToken);
        await service.WaitForAttemptsAsync(id, 1);
    }
}
