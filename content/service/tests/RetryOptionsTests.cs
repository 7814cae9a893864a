using Acme._1.Messaging;

namespace Acme._1.Tests;

public sealed class RetryOptionsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(1000, 10)]
    public void Delays_double_up_to_the_maximum(int attempt, int seconds)
    {
        var options = new RetryOptions { BaseDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(10), Jitter = 0 };

        options.DelayAfter(attempt).ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    public void Jitter_spreads_the_delays_around_their_mean()
    {
        var options = new RetryOptions { BaseDelay = TimeSpan.FromSeconds(1), Jitter = 0.2 };

        var delays = Enumerable.Range(0, 1000).Select(_ => options.DelayAfter(1).TotalSeconds).ToArray();

        delays.ShouldAllBe(delay => delay >= 0.8 && delay <= 1.2);
        delays.Min().ShouldBeLessThan(0.9);
        delays.Max().ShouldBeGreaterThan(1.1);
    }
}
