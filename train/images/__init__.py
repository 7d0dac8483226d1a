"""Operations on single images before a network gets them."""
